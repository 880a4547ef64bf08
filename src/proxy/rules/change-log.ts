/** What has become of one thing: made, changed or removed. */
export type NamedChange<T> = readonly [before: T, after: undefined] | readonly [before: T | undefined, after: T];

/** Named things with one owner each: what has become of them since they were last taken, however many steps it took. */
export class ChangeLog<T extends { readonly name: string }> {
  /** As they were when they were last taken. */
  readonly #before = new Map<string, T | undefined>();
  readonly #now = new Map<string, T | undefined>();

  /** In place of the things `old` there are `fresh` ones. */
  note(old: readonly T[], fresh: readonly T[]): void {
    const gone = new Map(old.map((thing) => [thing.name, thing]));
    for (const thing of fresh) {
      this.#set(thing.name, gone.get(thing.name), thing);
      gone.delete(thing.name);
    }
    for (const thing of gone.values()) this.#set(thing.name, thing, undefined);
  }

  take(): NamedChange<T>[] {
    const changes = [...this.#now].flatMap(([name, after]): NamedChange<T>[] => {
      const before = this.#before.get(name);
      if (after) return [[before, after]];
      return before ? [[before, undefined]] : [];
    });
    this.#before.clear();
    this.#now.clear();
    return changes;
  }

  #set(name: string, before: T | undefined, after: T | undefined): void {
    if (!this.#before.has(name)) this.#before.set(name, before);
    this.#now.set(name, after);
  }
}
