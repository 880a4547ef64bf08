import { StoreUnavailable, type Store } from "#store";

/** A store as one process has it: once that has died, nothing that it had begun is written any more. */
export function processStore(store: Store, died: AbortSignal): Store {
  return {
    get revision() {
      return store.revision;
    },
    get compacted() {
      return store.compacted;
    },
    get: (key, at) => store.get(key, at),
    range: (query) => store.range(query),
    commit: (commit) =>
      died.aborted ? Promise.reject(new StoreUnavailable("the process is dead")) : store.commit(commit),
    watch: (options, sink) => store.watch(options, (batch) => (died.aborted ? "stop" : sink(batch))),
    compact: (at) => store.compact(at),
    size: () => store.size(),
    close: () => Promise.resolve(),
  };
}

/** A store on a disk that can be full. */
export interface FillableStore extends Store {
  full: boolean;
}

export function fillableStore(store: Store): FillableStore {
  return {
    full: false,
    get revision() {
      return store.revision;
    },
    get compacted() {
      return store.compacted;
    },
    get: (key, at) => store.get(key, at),
    range: (query) => store.range(query),
    commit(commit) {
      return this.full ? Promise.reject(new StoreUnavailable("no space left on device")) : store.commit(commit);
    },
    watch: (options, sink) => store.watch(options, sink),
    compact: (at) => store.compact(at),
    size: () => store.size(),
    close: () => store.close(),
  };
}
