/** Server-side apply (apimachinery util/managedfields, structured-merge-diff merge.Updater). */
import { messageOf, type Steps } from "#base";
import { copyJson, isMap, ownValue, type JsonMap } from "../json.ts";
import type { AnyDraft, KubeObject } from "../object.ts";
import { badRequest, plainError } from "../status-error.ts";
import { formatTime } from "../time/timestamp.ts";
import { sameJson } from "../validation/object-meta.ts";
import { appliedErrors } from "./applied-errors.ts";
import { applyConflict, type Conflict } from "./conflicts.ts";
import { allOf, differenceOf } from "./difference.ts";
import { capEntries, decodeEntries, encodeEntries, sameManager, type Entry } from "./entries.ts";
import { EMPTY, intersect, isEmptySet, subtract, union, type FieldSet } from "./field-set.ts";
import { claimedFields } from "./fields-of.ts";
import { KUBECTL, LAST_APPLIED_ANNOTATION, takeoverFields, updateLastApplied } from "./last-applied.ts";
import { mergeApplied } from "./merge.ts";
import { dropNulls, prune } from "./prune.ts";
import { filtered, takeFields, type VersionOptions } from "./record-update.ts";
import { STRIPPED, writable } from "./reset.ts";

export interface ApplyRequest extends VersionOptions {
  /** Undefined: the object is created. In the version of the request. */
  readonly live: KubeObject | undefined;
  /** What the client sent: not changed. */
  readonly applied: Readonly<JsonMap>;
  readonly kind: string;
  readonly manager: string;
  /** Takes over what others own instead of refusing. */
  readonly force: boolean;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/**
 * In steps: the live object with the configuration applied, metadata.managedFields set, and nothing shared with what came in
 * but those entries. Defaults are still to be filled in.
 *
 * Throws a StatusError: 400 when the configuration is of another version or sets managedFields, 409 when others own
 * what it changes, 500 (as upstream) when it does not fit the schema.
 */
export function* serverSideApply(request: ApplyRequest): Steps<AnyDraft> {
  const { live, applied, apiVersion, kind, schema, manager } = request;
  if (applied["apiVersion"] !== apiVersion || applied["kind"] !== kind) {
    throw badRequest(`invalid object type: ${groupVersionKind(applied)}`);
  }
  const metadata = ownValue(applied, "metadata");
  if (isMap(metadata) && metadata["managedFields"] !== undefined && metadata["managedFields"] !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const errors = appliedErrors(applied, schema);
  if (errors) throw plainError(`failed to create typed patch object (${describe(applied)}): ${errors}`);

  yield;

  const before: Readonly<JsonMap> = live ? withoutEntries(live) : {};
  const entries = live ? knownEntries(live, request) : [];
  yield;
  let outcome = yield* merge(request, before, entries, request.force);
  if (outcome.conflicts.length > 0 && manager === KUBECTL && live) {
    outcome = yield* takeOver(request, before, live, entries, outcome);
  }
  if (outcome.conflicts.length > 0) throw applyConflict(outcome.conflicts);

  const draft = outcome.object as AnyDraft;
  draft.metadata ??= {};
  const result = draft.metadata as { managedFields?: unknown };
  const encoded = encodeEntries(outcome.entries);
  if (encoded) result.managedFields = encoded;
  else delete result.managedFields;
  if (manager === KUBECTL) updateLastApplied(draft, applied);
  return draft;
}

function withoutEntries(live: KubeObject): Readonly<JsonMap> {
  const { managedFields: _, ...metadata } = live.metadata;
  return { ...live, metadata };
}

/** What is stored; objects that have no entries yet get one for all that they already hold. */
function knownEntries(live: KubeObject, request: ApplyRequest): readonly Entry[] {
  let entries: readonly Entry[];
  try {
    entries = decodeEntries(live.metadata.managedFields);
  } catch (error) {
    throw plainError(`failed to decode managed fields: ${messageOf(error)}`);
  }
  if (entries.length > 0) return entries;
  const { owned } = takeFields([], undefined, live as unknown as Readonly<JsonMap>, request);
  if (isEmptySet(owned)) return [];
  return capEntries([
    {
      manager: "before-first-apply",
      operation: "Update",
      apiVersion: request.apiVersion,
      subresource: request.subresource ?? "",
      time: formatTime(request.time),
      fields: owned,
    },
  ]);
}

interface Outcome {
  readonly object: JsonMap;
  readonly entries: readonly Entry[];
  readonly conflicts: readonly Conflict[];
}

function* merge(
  request: ApplyRequest,
  live: Readonly<JsonMap>,
  entries: readonly Entry[],
  force: boolean,
): Steps<Outcome> {
  const { applied, schema, apiVersion, subresource = "", time } = request;
  const claimed = writable(claimedFields(applied, schema), request);
  const identity = { manager: request.manager || "unknown", operation: "Apply", apiVersion, subresource } as const;
  const previous = entries.find((entry) => sameManager(entry, identity));
  const others = entries.filter((entry) => entry !== previous);
  yield;

  const merged = mergeApplied(live, applied, schema);
  yield;
  const managed = others.reduce((all: FieldSet, entry) => union(all, entry.fields), claimed);
  const pruned = yield* prune(merged, previous?.fields ?? EMPTY, managed, schema);
  const object = copyJson(pruned) as JsonMap;
  dropNulls(object, live, schema, true);
  yield;
  const difference = filtered(differenceOf(live, object, schema), request);
  dropNulls(object, live, schema, false);
  yield;

  const conflicts: Conflict[] = [];
  const kept: Entry[] = [];
  for (const entry of others) {
    if (!difference) {
      kept.push(entry);
      continue;
    }
    if (!force && difference.changed) {
      const fields = intersect(entry.fields, difference.changed);
      if (!isEmptySet(fields)) conflicts.push({ entry, fields });
    }
    const fields = subtract(entry.fields, allOf(difference));
    if (!isEmptySet(fields)) kept.push(fields === entry.fields ? entry : { ...entry, fields });
  }
  yield;
  const fields = subtract(claimed, STRIPPED);
  if (!isEmptySet(fields)) {
    // An apply that changes nothing leaves the time as it was.
    const unchanged = sameJson(live, object);
    kept.push({ ...identity, time: unchanged ? previous?.time : formatTime(time), fields });
  }
  return { object, entries: kept, conflicts };
}

/** kubectl goes over from client-side to server-side apply: what it applied then is no conflict. */
function* takeOver(
  request: ApplyRequest,
  before: Readonly<JsonMap>,
  live: KubeObject,
  entries: readonly Entry[],
  outcome: Outcome,
): Steps<Outcome> {
  const annotation = live.metadata.annotations?.[LAST_APPLIED_ANNOTATION];
  const allowed = takeoverFields(before, annotation, request.apiVersion, request.schema);
  if (!allowed) return outcome;
  const conflicts = outcome.conflicts
    .map(({ entry, fields }) => ({ entry, fields: subtract(fields, allowed) }))
    .filter(({ fields }) => !isEmptySet(fields));
  return conflicts.length > 0 ? { ...outcome, conflicts } : yield* merge(request, before, entries, true);
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Go's text for a group, version and kind. */
function groupVersionKind(object: Readonly<JsonMap>): string {
  const apiVersion = text(object["apiVersion"]);
  const slash = apiVersion.indexOf("/");
  const [group, version] = slash < 0 ? ["", apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
  return `${group}/${version}, Kind=${text(object["kind"])}`;
}

function describe(object: Readonly<JsonMap>): string {
  const metadata = ownValue(object, "metadata");
  const [namespace, name] = isMap(metadata) ? [text(metadata["namespace"]), text(metadata["name"])] : ["", ""];
  return `${namespace}/${name}; ${groupVersionKind(object)}`;
}
