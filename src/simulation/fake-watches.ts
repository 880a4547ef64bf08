import type { Clock } from "#base";
import type { WatchEvent, WatchOptions } from "#client";
import { expired, type KubeObject, type ResourceType } from "#objects";
import { compileSelection, eventOf, shown } from "./fake-selection.ts";
import type { FakeStore } from "./fake-store.ts";

/** The watches on a {@link FakeStore}, which a test can break off. */
export class FakeWatches {
  readonly #store: FakeStore;
  readonly #clock: Clock;
  /** Below this revision no watch begins. */
  #forgotten = 0;
  /** Watches of an older generation are over. */
  #generation = 0;

  constructor(store: FakeStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Ends every watch; those that resume below this revision get 410 when `forget` is set. */
  breakAll(forget: boolean): void {
    if (forget) this.#forgotten = this.#store.revision;
    this.#generation++;
    this.#store.wakeAll();
  }

  /** The events of a watch, until it is aborted, its time is over, or it is broken off. */
  async *open<T extends KubeObject>(
    type: ResourceType<T>,
    { signal, timeoutSeconds, sendInitialEvents, ...query }: WatchOptions,
  ): AsyncGenerator<readonly WatchEvent<T>[], void, undefined> {
    const store = this.#store;
    const generation = this.#generation;
    const matches = compileSelection(type, query);
    const log = store.log(type);
    const initial = sendInitialEvents ?? Number(query.resourceVersion ?? 0) === 0;
    const from = initial || !query.resourceVersion ? store.revision : Number(query.resourceVersion);
    if (from < this.#forgotten) throw expired(`too old resource version: ${from} (${this.#forgotten})`);
    let at = log.findIndex((entry) => entry.revision > from);
    if (at < 0) at = log.length;
    const waiter = this.#waiter(signal, timeoutSeconds);
    try {
      if (initial) {
        const objects = [...store.objects(type).values()].filter(matches);
        const events: WatchEvent<T>[] = objects.map((object) => ({ type: "ADDED", object: shown(type, object) as T }));
        if (sendInitialEvents && query.allowWatchBookmarks) {
          events.push({ type: "BOOKMARK", resourceVersion: String(from), initialEventsEnd: true });
        }
        if (events.length > 0 && !signal.aborted) yield events;
      }
      while (!signal.aborted && !waiter.isOver() && generation === this.#generation) {
        const batch = log.slice(at).flatMap((entry) => eventOf(type, entry, matches) as WatchEvent<T>[]);
        at = log.length;
        if (batch.length > 0) yield batch;
        else await waiter.next();
      }
    } finally {
      waiter.stop();
    }
  }

  /** Waits for something that a watch has to look at: a change, its abortion, the end of its time. */
  #waiter(signal: AbortSignal, timeoutSeconds: number | undefined) {
    let wake: () => void = () => {};
    let over = false;
    const onChange = () => wake();
    const forget = this.#store.onChange(onChange);
    signal.addEventListener("abort", onChange);
    const timer =
      timeoutSeconds === undefined
        ? undefined
        : this.#clock.setTimeout(() => {
            over = true;
            wake();
          }, timeoutSeconds * 1000);
    return {
      isOver: () => over,
      next: () => new Promise<void>((resolve) => (wake = resolve)),
      stop() {
        forget();
        timer?.cancel();
        signal.removeEventListener("abort", onChange);
      },
    };
  }
}
