/** Of which kinds there are objects, or were: as far as that was looked for, or seen. `K` stands for a kind. */
export class Population<K extends object> {
  readonly #populated = new Set<K>();
  /** Those of which it is known whether there is any. */
  readonly #looked = new Set<K>();

  /** There has been an object of a kind. Returns whether it was known to have none until now. */
  note(kind: K): boolean {
    if (this.#populated.has(kind)) return false;
    this.#populated.add(kind);
    return this.#looked.has(kind);
  }

  /** Looks at the kinds that were not looked at before; `hasAny` is asked once for each. */
  async look(kinds: readonly K[], hasAny: (kind: K) => Promise<boolean>): Promise<void> {
    await Promise.all(
      kinds.map(async (kind) => {
        if (this.#looked.has(kind)) return;
        if (await hasAny(kind)) this.#populated.add(kind);
        this.#looked.add(kind);
      }),
    );
  }

  has(kind: K): boolean {
    return this.#populated.has(kind);
  }

  forget(kind: K): void {
    this.#populated.delete(kind);
    this.#looked.delete(kind);
  }
}
