import type { Clock, Random } from "#base";
import { StoreUnavailable, type EventBatch, type Store } from "#store";

/** A store as one process has it: once that has died, nothing that it had begun is written any more. */
export const processStore = (store: Store, died: AbortSignal): Store =>
  withOwn(() => store, {
    commit: (commit) =>
      died.aborted ? Promise.reject(new StoreUnavailable("the process is dead")) : store.commit(commit),
    watch: (options, sink) => store.watch(options, (batch) => (died.aborted ? "stop" : sink(batch))),
    close: () => Promise.resolve(),
  });

export interface LagOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The longest time, in milliseconds, by which a batch of events comes late. Read for every batch. */
  readonly lagMs: () => number;
}

/**
 * A store whose live events come late, in order, as over a wire: its revision and its reads are ahead of its watches.
 * What history holds when a watch begins comes at once.
 */
export const laggingStore = (store: Store, { clock, random, lagMs }: LagOptions): Store =>
  withOwn(() => store, {
    async watch(options, sink) {
      let live = false;
      let stopped = false;
      let lastDue = 0;
      let underWay = 0;
      const hand = (batch: EventBatch): void | "stop" => {
        if (!stopped && sink(batch) === "stop") stopped = true;
        return stopped ? "stop" : undefined;
      };
      const handle = await store.watch(options, (batch) => {
        if (stopped) return "stop";
        const longest = lagMs();
        if (!live || (longest === 0 && underWay === 0)) return hand(batch);
        lastDue = Math.max(lastDue, clock.monotonic() + random.int(longest + 1));
        underWay++;
        clock.setTimeout(() => {
          underWay--;
          hand(batch);
        }, lastDue - clock.monotonic());
        return undefined;
      });
      live = true;
      if (!handle.ok) return handle;
      const close = () => {
        stopped = true;
        handle.close();
      };
      return { ok: true, close };
    },
  });

/** A store on a disk that can be full. */
export interface FillableStore extends Store {
  full: boolean;
}

/** `current` is asked at every call: the store below may be opened anew. */
export function fillableStore(current: () => Store): FillableStore {
  const fillable: FillableStore = Object.assign(
    withOwn(current, {
      commit: (commit) =>
        fillable.full ? Promise.reject(new StoreUnavailable("no space left on device")) : current().commit(commit),
    }),
    { full: false },
  );
  return fillable;
}

/** A store with some functions of its own. Its revisions go on being read from the one below. */
function withOwn(below: () => Store, own: Partial<Omit<Store, "revision" | "compacted">>): Store {
  return {
    get revision() {
      return below().revision;
    },
    get compacted() {
      return below().compacted;
    },
    get: (key, at) => below().get(key, at),
    range: (query) => below().range(query),
    commit: (commit) => below().commit(commit),
    watch: (options, sink) => below().watch(options, sink),
    compact: (at) => below().compact(at),
    size: () => below().size(),
    close: () => below().close(),
    ...own,
  };
}
