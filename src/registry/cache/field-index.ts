import type { Stored } from "./stored.ts";

/** The objects of a resource by the value of one field. */
export class FieldIndex {
  readonly #read: (object: Stored) => string;
  readonly #byValue = new Map<string, Map<string, Stored>>();

  constructor(read: (object: Stored) => string, objects: Iterable<Stored>) {
    this.#read = read;
    for (const object of objects) this.change(object, undefined);
  }

  change(current: Stored | undefined, previous: Stored | undefined): void {
    const value = current && this.#read(current);
    const old = previous && this.#read(previous);
    if (previous && old !== value) {
      const objects = this.#byValue.get(old!);
      objects?.delete(previous.storeKey);
      if (objects?.size === 0) this.#byValue.delete(old!);
    }
    if (!current) return;
    let objects = this.#byValue.get(value!);
    if (!objects) this.#byValue.set(value!, (objects = new Map()));
    objects.set(current.storeKey, current);
  }

  /** In no particular order. */
  with(value: string): { readonly size: number; values(): Iterable<Stored> } {
    return this.#byValue.get(value) ?? NONE;
  }
}

const NONE: ReadonlyMap<string, Stored> = new Map();
