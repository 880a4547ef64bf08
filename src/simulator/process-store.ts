import { StoreUnavailable, type Store } from "#store";

/** A store as one process has it: once that has died, nothing that it had begun is written any more. */
export const processStore = (store: Store, died: AbortSignal): Store =>
  withOwn(store, {
    commit: (commit) =>
      died.aborted ? Promise.reject(new StoreUnavailable("the process is dead")) : store.commit(commit),
    watch: (options, sink) => store.watch(options, (batch) => (died.aborted ? "stop" : sink(batch))),
    close: () => Promise.resolve(),
  });

/** A store on a disk that can be full. */
export interface FillableStore extends Store {
  full: boolean;
}

export function fillableStore(store: Store): FillableStore {
  const fillable: FillableStore = Object.assign(
    withOwn(store, {
      commit: (commit) =>
        fillable.full ? Promise.reject(new StoreUnavailable("no space left on device")) : store.commit(commit),
    }),
    { full: false },
  );
  return fillable;
}

/** A store with some functions of its own. Its revisions go on being read from the one below. */
function withOwn(store: Store, own: Partial<Omit<Store, "revision" | "compacted">>): Store {
  return {
    get revision() {
      return store.revision;
    },
    get compacted() {
      return store.compacted;
    },
    get: (key, at) => store.get(key, at),
    range: (query) => store.range(query),
    commit: (commit) => store.commit(commit),
    watch: (options, sink) => store.watch(options, sink),
    compact: (at) => store.compact(at),
    size: () => store.size(),
    close: () => store.close(),
    ...own,
  };
}
