/** JSON values that come from outside: their keys may be anything, `__proto__` and `constructor` included. */

export type JsonMap = Record<string, unknown>;

/** Whether a JSON value is an object (and no list). */
export const isMap = (value: unknown): value is JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A list of JSON values. */
export const isList = (value: unknown): value is unknown[] => Array.isArray(value);

/** The value of a map's own key; nothing that it inherits. */
export const ownValue = (map: Readonly<JsonMap>, key: string): unknown =>
  Object.hasOwn(map, key) ? map[key] : undefined;

/** Sets a map's own key, whatever it is called. */
export function setValue(map: JsonMap, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  } else map[key] = value;
}

/** A deep copy that shares nothing and is not frozen. */
export function copyJson(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    for (let i = 0; i < value.length; i++) list.push(copyJson(value[i]));
    return list;
  }
  const map: JsonMap = {};
  for (const key in value) setValue(map, key, copyJson((value as JsonMap)[key]));
  return map;
}

/** Whether two JSON values are the same: maps whatever the order of their keys, lists in order. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (isList(a)) {
    if (!isList(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equalJson(a[i], b[i])) return false;
    return true;
  }
  if (isList(b)) return false;
  // What is inherited is never equal to a JSON value; a key that only one of them has makes the counts differ.
  let size = 0;
  for (const key in a) {
    const left = (a as JsonMap)[key];
    const right = (b as JsonMap)[key];
    if (left !== right && !equalJson(left, right)) return false;
    size++;
  }
  for (const _ in b) size--;
  return size === 0;
}
