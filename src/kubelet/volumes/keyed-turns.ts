/** Work on one thing at a time, by its key; on different things side by side. */
export interface KeyedTurns {
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function createKeyedTurns(): KeyedTurns {
  const last = new Map<string, Promise<unknown>>();
  return {
    run<T>(key: string, work: () => Promise<T>): Promise<T> {
      const done = (last.get(key) ?? Promise.resolve()).then(work);
      const settled = done
        .catch(() => {})
        .then(() => {
          if (last.get(key) === settled) last.delete(key);
        });
      last.set(key, settled);
      return done;
    },
  };
}
