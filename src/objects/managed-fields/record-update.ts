/** Who owns which field after a create, an update or a patch that is no apply (apimachinery util/managedfields). */
import type { ManagedFieldsEntry } from "../generated/types.ts";
import type { JsonMap } from "../json.ts";
import { equalJson } from "../json.ts";
import type { AnyDraft, KubeObject } from "../object.ts";
import type { ObjectSchema } from "../schema/model.ts";
import { formatTime } from "../time/timestamp.ts";
import { allOf, differenceOf, type Difference } from "./difference.ts";
import {
  capEntries,
  decodeEntries,
  encodeEntries,
  isReset,
  sameManager,
  type Entry,
  type Identity,
} from "./entries.ts";
import { EMPTY, isEmptySet, subtract, union, type FieldSet } from "./field-set.ts";
import { resetSet, STRIPPED, writable, type ResetFields } from "./reset.ts";
import { zeroOf } from "./zero.ts";

/** Both objects in another version, of which some entry speaks. */
export interface OtherVersion {
  readonly schema: ObjectSchema;
  readonly old: Readonly<JsonMap> | undefined;
  readonly current: Readonly<JsonMap>;
}

export interface VersionOptions extends ResetFields {
  /** `apps/v1`: the version that the request, and so the objects, are in. */
  readonly apiVersion: string;
  readonly schema: ObjectSchema;
  /** Entries of versions for which this gives nothing are dropped. Without it all versions are taken to be alike. */
  readonly otherVersion?: (apiVersion: string) => OtherVersion | undefined;
  /** Empty or absent: the object itself. */
  readonly subresource?: string;
}

export interface UpdateRecord extends VersionOptions {
  /** The stored object; undefined when the draft is being created. */
  readonly old: KubeObject | undefined;
  /** Its metadata.managedFields is set (to frozen, shared entries). */
  readonly draft: AnyDraft;
  /** Empty: "unknown". */
  readonly manager: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/**
 * Sets `draft.metadata.managedFields`: the manager comes to own what differs from the stored object, the others lose
 * it. To be called with what the client sent, defaults filled in, before admission and the kind's own preparation
 * change it, as those own nothing.
 */
export function recordUpdate(record: UpdateRecord): void {
  const { old, draft, manager, time, subresource = "", apiVersion } = record;
  const live = liveEntries(record);
  // Objects that lost their entries stay without until they are applied.
  if (old && live.length === 0) {
    setEntries(draft, undefined);
    return;
  }
  const before = (old ?? undefined) as Readonly<JsonMap> | undefined;
  const identity = { manager: manager || "unknown", operation: "Update", apiVersion, subresource } as const;
  const { entries, owned } = takeFields(live, before, draft, record, identity);
  if (isEmptySet(owned)) {
    setEntries(draft, encodeEntries(capEntries(entries)));
    return;
  }
  const own: Entry = { ...identity, time: formatTime(time), fields: owned };
  setEntries(draft, encodeEntries(capEntries(withEntry(entries, own))));
}

function setEntries(draft: AnyDraft, entries: readonly ManagedFieldsEntry[] | undefined): void {
  const metadata = draft.metadata as { managedFields?: readonly ManagedFieldsEntry[] };
  if (entries) metadata.managedFields = entries;
  else delete metadata.managedFields;
}

/** The entries that count: the client's own if it wrote some, else those that are stored. */
function liveEntries({ old, draft, subresource }: UpdateRecord): readonly Entry[] {
  const stored = old?.metadata.managedFields;
  const given = draft.metadata.managedFields;
  if (subresource || given === undefined || given === stored) return safely(stored);
  if (isReset(given)) return [];
  if (stored && equalJson(given, stored)) return safely(stored);
  const own = safely(given);
  return own.length > 0 ? own : safely(stored);
}

function safely(entries: readonly ManagedFieldsEntry[] | undefined): readonly Entry[] {
  try {
    return decodeEntries(entries);
  } catch {
    return [];
  }
}

/**
 * Takes from all entries what changed or went; from `keeper` only what went, since the rest is given back to it.
 * `owned` is what was added or modified, less what the request cannot own.
 */
export function takeFields(
  entries: readonly Entry[],
  old: Readonly<JsonMap> | undefined,
  current: Readonly<JsonMap>,
  options: VersionOptions,
  keeper?: Identity,
): { readonly entries: readonly Entry[]; readonly owned: FieldSet } {
  const differences = new Map<string, Difference | undefined>();
  const reset = resetSet(options);
  const own = filtered(differenceOf(old ?? zeroOf(options.schema), current, options.schema, reset), options);
  differences.set(options.apiVersion, own);
  const owned = own?.changed ? subtract(own.changed, STRIPPED) : EMPTY;

  const kept: Entry[] = [];
  for (const entry of entries) {
    let difference = differences.get(entry.apiVersion);
    if (!differences.has(entry.apiVersion)) {
      if (options.otherVersion) {
        const version = options.otherVersion(entry.apiVersion);
        if (!version) continue;
        const before = version.old ?? zeroOf(version.schema);
        difference = filtered(differenceOf(before, version.current, version.schema, reset), options);
      } else difference = own;
      differences.set(entry.apiVersion, difference);
    }
    if (!difference) {
      kept.push(entry);
      continue;
    }
    const keeps = difference === own && keeper && !isEmptySet(owned) && sameManager(entry, keeper);
    const gone = keeps ? (difference.removed ?? EMPTY) : allOf(difference);
    const fields = subtract(entry.fields, gone);
    if (isEmptySet(fields)) continue;
    kept.push(fields === entry.fields ? entry : { ...entry, fields });
  }
  return { entries: kept, owned };
}

/** What of a difference the request can make. */
export function filtered(difference: Difference | undefined, fields: ResetFields): Difference | undefined {
  if (!difference || (!fields.reset && !fields.only)) return difference;
  const rest = (set: FieldSet | undefined): FieldSet | undefined => {
    const result = set && writable(set, fields);
    return result && !isEmptySet(result) ? result : undefined;
  };
  const [changed, removed] = [rest(difference.changed), rest(difference.removed)];
  return changed || removed ? { changed, removed } : undefined;
}

/** The entries with one more, or with its fields added to those that its manager has already. */
function withEntry(entries: readonly Entry[], own: Entry): readonly Entry[] {
  const result = [...entries];
  const index = entries.findIndex((entry) => sameManager(entry, own));
  if (index < 0) result.push(own);
  else result[index] = { ...own, fields: union(entries[index]!.fields, own.fields) };
  return result;
}
