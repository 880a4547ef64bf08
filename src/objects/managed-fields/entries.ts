/** The entries of metadata.managedFields: reading, ordering and merging them. */
import type { ManagedFieldsEntry } from "../generated/types.ts";
import { isMap } from "../json.ts";
import { decodeSet, isOwnSet, union, type FieldSet } from "./field-set.ts";

/** One entry, with its set in shared form. */
export interface Entry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, seconds. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** What tells entries apart. */
export type Identity = Pick<Entry, "manager" | "operation" | "apiVersion" | "subresource">;

/** Whether an entry belongs to the same manager: appliers have one for all versions. */
export const sameManager = (a: Identity, b: Identity): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.subresource === b.subresource &&
  (a.operation === "Apply" || a.apiVersion === b.apiVersion);

/** What tells managers apart, as upstream writes it: the JSON of an entry without time and fields. */
export function managerKey({ manager, operation, apiVersion, subresource }: Entry): string {
  return JSON.stringify({
    ...(manager ? { manager } : {}),
    operation,
    ...(operation === "Update" && apiVersion ? { apiVersion } : {}),
    ...(subresource ? { subresource } : {}),
  });
}

/** Entries that were read once: stored ones are frozen and come back with every update. */
const decoded = new WeakMap<object, readonly Entry[]>();

/** Throws an Error with upstream's text when an entry is malformed. */
export function decodeEntries(entries: readonly ManagedFieldsEntry[] | undefined): readonly Entry[] {
  if (!entries) return [];
  const known = decoded.get(entries);
  if (known) return known;
  const result: Entry[] = [];
  const places = new Map<string, number>();
  for (const [i, entry] of entries.entries()) {
    const { manager = "", operation, apiVersion = "", subresource = "", time, fieldsType, fieldsV1 } = entry;
    if (operation !== "Apply" && operation !== "Update") throw new Error("operation must be `Apply` or `Update`");
    if (!apiVersion) throw new Error("apiVersion must not be empty");
    if (!fieldsType) throw new Error(`missing fieldsType in managed fields entry ${i}`);
    if (fieldsType !== "FieldsV1") {
      throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${i}`);
    }
    const one: Entry = { manager, operation, apiVersion, subresource, time, fields: decodeSet(fieldsV1) };
    const identity = managerKey(one);
    const twin = places.get(identity);
    if (twin === undefined) places.set(identity, result.push(one) - 1);
    else result[twin] = one;
  }
  if (Object.isFrozen(entries)) decoded.set(entries, result);
  return result;
}

/** Whether a list is one that we made or read before: well formed, and shared with stored objects. */
export const isKnownEntries = (list: object): boolean => decoded.has(list);

const encoded = new WeakMap<Entry, ManagedFieldsEntry>();

/** In upstream's order, as the API writes them; undefined when there are none. Entries and list are frozen. */
export function encodeEntries(entries: readonly Entry[]): readonly ManagedFieldsEntry[] | undefined {
  if (entries.length === 0) return undefined;
  const sorted = entries.length === 1 ? entries : entries.toSorted(inOrder);
  const result = Object.freeze(sorted.map(encodeEntry));
  decoded.set(result, sorted);
  return result;
}

function encodeEntry(entry: Entry): ManagedFieldsEntry {
  const known = encoded.get(entry);
  if (known) return known;
  const { manager, operation, apiVersion, time, fields, subresource } = entry;
  const result: { -readonly [Key in keyof ManagedFieldsEntry]: ManagedFieldsEntry[Key] } = {};
  if (manager) result.manager = manager;
  result.operation = operation;
  result.apiVersion = apiVersion;
  if (time !== undefined) result.time = time;
  result.fieldsType = "FieldsV1";
  result.fieldsV1 = fields;
  if (subresource) result.subresource = subresource;
  Object.freeze(result);
  encoded.set(entry, result);
  return result;
}

const setTexts = new WeakMap<FieldSet, string>();

/** JSON of a list of entries. What is shared is written once: the sets of many objects are the same. */
export function entriesJson(entries: readonly ManagedFieldsEntry[]): string {
  if (!isKnownEntries(entries)) return JSON.stringify(entries);
  let text = "";
  for (const entry of entries) text += (text ? "," : "[") + entryJson(entry);
  return text ? `${text}]` : "[]";
}

function entryJson(entry: ManagedFieldsEntry): string {
  const { fieldsV1, ...rest } = entry;
  if (!isOwnSet(fieldsV1)) return JSON.stringify(entry);
  let fields = setTexts.get(fieldsV1);
  if (fields === undefined) setTexts.set(fieldsV1, (fields = JSON.stringify(fieldsV1)));
  return `${JSON.stringify(rest).slice(0, -1)},"fieldsV1":${fields}}`;
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Times all have the same form, so that their texts are in order; none comes first. */
const inOrder = (a: Entry, b: Entry): number =>
  byText(a.operation, b.operation) ||
  byText(a.time ?? "", b.time ?? "") ||
  byText(a.manager, b.manager) ||
  byText(a.apiVersion, b.apiVersion) ||
  byText(a.subresource, b.subresource);

/** More managers of updates than this, and the oldest become one. */
const MAX_UPDATE_MANAGERS = 10;
const ANCIENT = "ancient-changes";

/** Merges the oldest entries of updates, per version, until there are few enough. */
export function capEntries(entries: readonly Entry[]): readonly Entry[] {
  const updates = entries.filter((entry) => entry.operation === "Update");
  if (updates.length <= MAX_UPDATE_MANAGERS) return entries;
  const oldestFirst = updates.toSorted(
    (a, b) => byText(a.time ?? "", b.time ?? "") || byText(managerKey(a), managerKey(b)),
  );
  const result = new Set(entries);
  const firsts = new Map<string, Entry>();
  const buckets = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.operation === "Update" && entry.manager === ANCIENT && !entry.subresource) {
      buckets.set(entry.apiVersion, entry);
    }
  }
  let count = updates.length;
  for (const entry of oldestFirst) {
    if (count <= MAX_UPDATE_MANAGERS) break;
    const { apiVersion } = entry;
    const first = firsts.get(apiVersion);
    if (!first) {
      firsts.set(apiVersion, entry);
      continue;
    }
    const bucket = buckets.get(apiVersion) ?? first;
    const merged: Entry = {
      manager: ANCIENT,
      operation: "Update",
      apiVersion,
      subresource: "",
      time: entry.time,
      fields: union(entry.fields, bucket.fields),
    };
    result.delete(bucket);
    result.delete(entry);
    result.add(merged);
    buckets.set(apiVersion, merged);
    count--;
  }
  return [...result];
}

/** Whether a client asks for a fresh start: an empty list, or one empty entry. */
export const isReset = (entries: readonly ManagedFieldsEntry[] | undefined): boolean =>
  entries !== undefined &&
  (entries.length === 0 || (entries.length === 1 && isMap(entries[0]) && isBlankEntry(entries[0])));

const isBlankEntry = (entry: object): boolean => Object.keys(entry).length === 0;
