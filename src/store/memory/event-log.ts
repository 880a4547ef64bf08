import type { EventBatch, StoreEvent } from "#store";

interface Revision {
  readonly time: number;
  readonly events: readonly StoreEvent[];
}

/** At most this many revisions in one piece of history. */
const PIECE = 1000;

/** The events of every revision that is kept. */
export interface EventLog {
  append(time: number, events: readonly StoreEvent[]): void;
  timeOf(revision: number): number;
  eventsOf(revision: number): readonly StoreEvent[];
  /** One piece of the events after `from`, which must not be forgotten. */
  read(from: number, prefix: string): EventBatch;
  /** Forgets revisions up to and with `revision`. */
  dropTo(revision: number): void;
}

/** Makes an empty log whose first entry is the one after revision `base`. */
export function createEventLog(base: number): EventLog {
  /** The entry at index i is revision `base + 1 + i`. */
  let log: Revision[] = [];
  const at = (revision: number): Revision => {
    const entry = log[revision - base - 1];
    if (!entry) throw new RangeError(`revision ${revision} is not in the log`);
    return entry;
  };
  return {
    append: (time, events) => void log.push({ time, events }),
    timeOf: (revision) => at(revision).time,
    eventsOf: (revision) => at(revision).events,
    read(from, prefix) {
      const revision = Math.min(from + PIECE, base + log.length);
      const events: StoreEvent[] = [];
      for (let next = from + 1; next <= revision; next++) {
        for (const event of at(next).events) if (event.key.startsWith(prefix)) events.push(event);
      }
      return { events, revision };
    },
    dropTo(revision) {
      if (revision <= base) return;
      log = log.slice(revision - base);
      base = revision;
    },
  };
}
