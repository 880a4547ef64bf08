/** Who waits for a change of which object, so that a change costs only those that wait for it. */
export class Waiters {
  readonly #byKey = new Map<string, Set<() => void>>();

  /** Calls `wake` with every change under one of the keys. Returns how to stop. */
  add(keys: readonly string[], wake: () => void): () => void {
    for (const key of keys) {
      const known = this.#byKey.get(key);
      if (known) known.add(wake);
      else this.#byKey.set(key, new Set([wake]));
    }
    return () => {
      for (const key of keys) {
        const known = this.#byKey.get(key);
        if (known?.delete(wake) && known.size === 0) this.#byKey.delete(key);
      }
    };
  }

  /** Tells those that wait under the key. */
  changed(key: string): void {
    const known = this.#byKey.get(key);
    if (known) for (const wake of [...known]) wake();
  }
}
