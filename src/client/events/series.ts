import { BoundedMap } from "#base";
import { formatMicroTime, type EventsV1Event, type EventsV1EventSeries } from "#objects";

/** A series that has not gone on for this long is over. */
export const FINISH_MS = 6 * 60_000;
/** What goes on is written this often. */
export const REFRESH_MS = 30 * 60_000;
const REMEMBERED = 4096;

interface Recorded {
  readonly event: EventsV1Event;
  series: EventsV1EventSeries | undefined;
  /** When it was seen last, in milliseconds. */
  lastMs: number;
}

/** The series of an Event that is at the API, to be written there. `event` is the whole, should the old one be gone. */
export interface SeriesUpdate {
  readonly event: EventsV1Event;
  readonly series: EventsV1EventSeries;
}

export type SeriesVerdict =
  | { readonly type: "create"; readonly event: EventsV1Event }
  | ({ readonly type: "update" } & SeriesUpdate)
  /** It is counted, and written later. */
  | { readonly type: "count" };

/**
 * Makes series of Events that come again and again, with the figures of client-go's event broadcaster: the second one
 * begins the series, all others are counted here and written every half an hour and at the end. Time is handed in, in
 * milliseconds since the epoch, and nothing is sent from here.
 */
export class EventSeriesKeeper {
  readonly #recorded = new BoundedMap<string, Recorded>(REMEMBERED);

  judge(event: EventsV1Event, now: number): SeriesVerdict {
    const key = keyOf(event);
    const known = this.#recorded.get(key);
    if (!known) {
      this.#recorded.set(key, { event, series: undefined, lastMs: now });
      return { type: "create", event };
    }
    const isNew = known.series === undefined;
    known.series = { count: (known.series?.count ?? 1) + 1, lastObservedTime: formatMicroTime(now) };
    known.lastMs = now;
    return isNew ? { type: "update", event: known.event, series: known.series } : { type: "count" };
  }

  /** The series that go on: to be written each {@link REFRESH_MS}. */
  refresh(): readonly SeriesUpdate[] {
    return [...this.#recorded].flatMap(([, { event, series }]) => (series ? [{ event, series }] : []));
  }

  /** Forgets what has not come again for long; returns the series among it, to be written once more. */
  finish(now: number): readonly SeriesUpdate[] {
    const finished: SeriesUpdate[] = [];
    for (const [key, { event, series, lastMs }] of [...this.#recorded]) {
      if (now - lastMs <= FINISH_MS) continue;
      this.#recorded.delete(key);
      if (series) finished.push({ event, series });
    }
    return finished;
  }
}

/** Events that differ in nothing but their note and time are one series. */
function keyOf({ type, action, reason, reportingController, reportingInstance, regarding, related }: EventsV1Event) {
  return JSON.stringify([type, action, reason, reportingController, reportingInstance, regarding, related]);
}
