import type { KubeObject } from "#objects";
import type { IndexFunction } from "./cache.ts";

/** Objects filed under values, kept up to date change by change. */
export interface Index<T extends KubeObject> {
  /** Files the object of a key, which was `previous` before. */
  update(key: string, previous: T | undefined, object: T): void;
  remove(key: string, object: T): void;
  get(value: string): readonly T[];
  count(value: string): number;
  values(): Iterable<string>;
}

const NONE: readonly never[] = Object.freeze([]);

/** Makes an empty index. */
export function createIndex<T extends KubeObject>(fn: IndexFunction<T>): Index<T> {
  const buckets = new Map<string, Map<string, T>>();
  const valuesOf = (object: T): readonly string[] => {
    const values = fn(object);
    return values === undefined ? NONE : typeof values === "string" ? [values] : values;
  };

  const unfile = (key: string, value: string) => {
    const bucket = buckets.get(value);
    if (bucket?.delete(key) && bucket.size === 0) buckets.delete(value);
  };

  return {
    update(key, previous, object) {
      const values = valuesOf(object);
      if (previous) for (const value of valuesOf(previous)) if (!values.includes(value)) unfile(key, value);
      for (const value of values) {
        const bucket = buckets.get(value);
        if (bucket) bucket.set(key, object);
        else buckets.set(value, new Map([[key, object]]));
      }
    },
    remove(key, object) {
      for (const value of valuesOf(object)) unfile(key, value);
    },
    get(value) {
      const bucket = buckets.get(value);
      return bucket ? [...bucket.values()] : NONE;
    },
    count: (value) => buckets.get(value)?.size ?? 0,
    values: () => buckets.keys(),
  };
}
