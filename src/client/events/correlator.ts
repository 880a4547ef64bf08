import type { CoreV1Event } from "#objects";
import { BoundedMap } from "#base";

/** An Event about to be recorded: not yet counted together with earlier ones. */
export type NewEvent = Required<
  Pick<CoreV1Event, "metadata" | "involvedObject" | "reason" | "message" | "type" | "source">
> &
  CoreV1Event;

/** What to do with an Event. `observe` must be told the object that the server answered with. */
export type Verdict =
  | { readonly type: "create"; readonly event: CoreV1Event; readonly key: string }
  /** The same Event was recorded before: it is counted up. `event` is the whole, should the old one be gone. */
  | { readonly type: "count"; readonly event: CoreV1Event; readonly key: string; readonly patch: object }
  /** Too many Events about this object. */
  | { readonly type: "drop" };

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Observed {
  readonly name: string;
  readonly firstTimestamp: string | undefined;
  readonly count: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

const REMEMBERED = 4096;
/** Events that differ in nothing but the message become one from the tenth message in ten minutes on. */
const SIMILAR_MESSAGES = 10;
const SIMILAR_MS = 600_000;
/** Per source and object: 25 Events at once, then one every five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;

/**
 * Counts repeated Events, merges similar ones and holds back floods, with the figures of client-go's
 * EventCorrelator. Time is handed in, and nothing is sent from here.
 */
export class EventCorrelator {
  readonly #similar = new BoundedMap<string, Similar>(REMEMBERED);
  readonly #observed = new BoundedMap<string, Observed>(REMEMBERED);
  readonly #buckets = new BoundedMap<string, Bucket>(REMEMBERED);

  /** `now` in milliseconds since the epoch. */
  judge(event: NewEvent, now: number): Verdict {
    const { event: merged, key } = this.#merge(event, now);
    const last = this.#observed.get(key);
    const counted: CoreV1Event = last
      ? {
          ...merged,
          metadata: { ...merged.metadata, name: last.name },
          ...(last.firstTimestamp ? { firstTimestamp: last.firstTimestamp } : {}),
          count: last.count + 1,
        }
      : merged;
    this.#remember(key, counted);
    if (!this.#admit(event, now)) return { type: "drop" };
    if (!last) return { type: "create", event: counted, key };
    const { count, lastTimestamp, message } = counted;
    return { type: "count", event: counted, key, patch: { count, lastTimestamp, message } };
  }

  /** Remembers what the server has. */
  observe(key: string, recorded: CoreV1Event): void {
    this.#remember(key, recorded);
  }

  #remember(key: string, event: CoreV1Event): void {
    this.#observed.set(key, {
      name: event.metadata.name ?? "",
      firstTimestamp: event.firstTimestamp,
      count: event.count ?? 1,
    });
  }

  #merge(event: NewEvent, now: number): { readonly event: CoreV1Event; readonly key: string } {
    const group = key(subjectOf(event), event.type, event.reason, event.reportingComponent, event.reportingInstance);
    let similar = this.#similar.get(group);
    if (!similar || now - similar.lastMs > SIMILAR_MS) similar = { messages: new Set(), lastMs: now };
    similar.messages.add(event.message);
    similar.lastMs = now;
    this.#similar.set(group, similar);
    if (similar.messages.size < SIMILAR_MESSAGES) {
      return { event, key: key(subjectOf(event), event.type, event.reason, event.message) };
    }
    similar.messages.delete(similar.messages.values().next().value!);
    return { event: { ...event, message: `(combined from similar events): ${event.message}` }, key: group };
  }

  #admit(event: NewEvent, now: number): boolean {
    const subject = subjectOf(event);
    const bucket = this.#buckets.get(subject) ?? { tokens: BURST, atMs: now };
    bucket.tokens = Math.min(BURST, bucket.tokens + (now - bucket.atMs) / REFILL_MS);
    bucket.atMs = now;
    this.#buckets.set(subject, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

function subjectOf({ source, involvedObject }: NewEvent): string {
  const { kind, namespace, name, uid, apiVersion, fieldPath } = involvedObject;
  return key(source.component, source.host, kind, namespace, name, uid, apiVersion, fieldPath);
}

const key = (...parts: readonly (string | undefined)[]): string => parts.map((part) => part ?? "").join("\0");
