/**
 * One step of a path in managedFields, in the encoding that fieldsV1 has for it (structured-merge-diff fieldpath):
 * `f:name` a field, `k:{"name":"a"}` an item of a list by its keys, `v:"a"` an item of a set, `i:0` by position.
 */
import { jsonText, parseJson } from "../int64.ts";
import { isMap, ownValue, type JsonMap } from "../json.ts";
import { Memo } from "../memo.ts";
import type { ListSchema } from "../schema/model.ts";

/** Names of fields repeat: each is put together once. */
const fieldElements = new Memo<string>(8192, 1 << 20);

export function fieldElement(name: string): string {
  const known = fieldElements.get(name);
  if (known !== undefined) return known;
  const element = `f:${name}`;
  fieldElements.set(name, element);
  return element;
}

/** JSON as Go writes it: what HTML might take for markup is escaped. */
function encodeJson(value: unknown): string {
  const text = jsonText(value);
  return /[<>&\u2028\u2029]/.test(text)
    ? text.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : text;
}

const valueElement = (value: unknown): string => `v:${encodeJson(value)}`;

interface ListKeys {
  /** Sorted by name. */
  readonly names: readonly string[];
  /** What an item that lacks a key has for it. */
  readonly defaults: readonly unknown[];
}

const listKeys = new WeakMap<ListSchema, ListKeys>();

function keysOf(schema: ListSchema): ListKeys {
  const known = listKeys.get(schema);
  if (known) return known;
  const names = schema.mapKeys.toSorted();
  const { items } = schema;
  const defaults = names.map((name) => (items.type === "object" ? items.fields.get(name)?.default : undefined));
  const keys = { names, defaults };
  listKeys.set(schema, keys);
  return keys;
}

/** The element of an item of a set or map list; undefined when the item has no key at all or the wrong form. */
export function itemElement(item: unknown, schema: ListSchema): string | undefined {
  if (schema.listType === "set") {
    return typeof item === "object" || item === undefined ? undefined : valueElement(item);
  }
  if (!isMap(item)) return undefined;
  const { names, defaults } = keysOf(schema);
  let text = "";
  for (let i = 0; i < names.length; i++) {
    const value = ownValue(item, names[i]!) ?? defaults[i];
    if (value === undefined || value === null) continue;
    text += `${text === "" ? "" : ","}${encodeJson(names[i])}:${encodeJson(value)}`;
  }
  return text === "" ? undefined : `k:{${text}}`;
}

/** Whether two items that stand at the same place have the same keys, without spelling them out. */
export function sameItem(a: unknown, b: unknown, schema: ListSchema): boolean {
  if (schema.listType === "set") return a === b && typeof a !== "object";
  if (!isMap(a) || !isMap(b)) return false;
  for (const name of schema.mapKeys) if (a[name] !== b[name] || typeof a[name] === "object") return false;
  return true;
}

const FIELD = 0x66;
const RANKS: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

/** The order in which upstream writes the elements of one level. */
export function compareElements(a: string, b: string, valueOf = parsedOf): number {
  if (a.charCodeAt(0) === FIELD && b.charCodeAt(0) === FIELD) return a < b ? -1 : a > b ? 1 : 0;
  if (a === b) return 0;
  const byKind = RANKS[a.charAt(0)]! - RANKS[b.charAt(0)]!;
  if (byKind !== 0) return byKind;
  const [left, right] = [valueOf(a), valueOf(b)];
  if (a.startsWith("k:")) return compareKeys(left as JsonMap, right as JsonMap);
  return compareScalars(left, right);
}

/** Elements repeat: each is read once. */
const parsed = new Memo<unknown>(4096, 1 << 20);

/** The value of a `k:`, `v:` or `i:` element. */
const parsedOf = reading(parsed);

/** Reads the values of elements, each once: for comparing more of them than are remembered for all. */
export const elementReader = (): ((element: string) => unknown) => reading(new Map());

interface Values {
  get(element: string): unknown;
  set(element: string, value: unknown): unknown;
}

function reading(known: Values): (element: string) => unknown {
  return (element) => {
    const found = known.get(element);
    if (found !== undefined) return found;
    const value = parseJson(element.slice(2));
    known.set(element, value);
    return value;
  };
}

function compareKeys(a: Readonly<JsonMap>, b: Readonly<JsonMap>): number {
  const [left, right] = [Object.keys(a), Object.keys(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [name, other] = [left[i]!, right[i]!];
    if (name !== other) return name < other ? -1 : 1;
    const byValue = compareScalars(a[name], b[name]);
    if (byValue !== 0) return byValue;
  }
  return left.length - right.length;
}

const KINDS = ["number", "string", "boolean"];

const kindOf = (value: unknown) => (typeof value === "bigint" ? "number" : typeof value);

/** Numbers before strings before booleans. */
function compareScalars(a: unknown, b: unknown): number {
  if (kindOf(a) !== kindOf(b)) return KINDS.indexOf(kindOf(a)) - KINDS.indexOf(kindOf(b));
  const [left, right] = [a as string, b as string];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** As it appears in messages: `.spec`, `[name="a"]`, `[="a"]`, `[0]`. */
export function printElement(element: string): string {
  if (element.startsWith("f:")) return `.${element.slice(2)}`;
  const value = parsedOf(element);
  if (element.startsWith("k:")) {
    const pairs = Object.entries(value as JsonMap).map(([name, part]) => `${name}=${jsonText(part)}`);
    return `[${pairs.join(",")}]`;
  }
  return element.startsWith("v:") ? `[=${jsonText(value)}]` : `[${String(value)}]`;
}

/**
 * An element that a client wrote, in the one form that we compare: keys in order, JSON without spaces. Undefined for
 * kinds that are not known yet, which are to be ignored. Throws an Error when it is malformed.
 */
export function normalizedElement(element: string): string | undefined {
  if (element.length < 2) throw new Error("key must be 2 characters long:");
  if (element[1] !== ":") throw new Error(`missing colon: ${element}`);
  switch (element.charAt(0)) {
    case "f":
      return element;
    case "v":
      return valueElement(parseJson(element.slice(2)));
    case "k": {
      const keys = parseJson(element.slice(2));
      if (!isMap(keys)) throw new Error(`no keys: ${element}`);
      const pairs = Object.keys(keys)
        .toSorted()
        .map((name) => `${encodeJson(name)}:${encodeJson(keys[name])}`);
      return `k:{${pairs.join(",")}}`;
    }
    case "i":
      if (!/^[+-]?[0-9]{1,15}$/.test(element.slice(2))) throw new Error(`no index: ${element}`);
      return `i:${Number(element.slice(2))}`;
    default:
      return undefined;
  }
}
