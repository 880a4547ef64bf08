import {
  int64,
  jsonText,
  type ControllerRevision,
  type Int64,
  type KubeObject,
  type New,
  type PodTemplateSpec,
  type ResourceType,
} from "#objects";
import { canonicalText, safeEncode } from "../framework/canonical.ts";
import { controllerReference } from "../framework/index.ts";

/** What a StatefulSet or DaemonSet has its history of. */
export interface Revised {
  readonly object: KubeObject;
  readonly type: ResourceType;
  readonly template: PodTemplateSpec;
  /** The label of its revisions that holds the hash; StatefulSets and DaemonSets have their own. */
  readonly hashLabel: string;
  /** As the object's status says; undefined counts as 0. */
  readonly collisionCount: number | undefined;
}

/** The longest name of an object, without a hash and its dash. */
const LONGEST_PREFIX = 223;

/**
 * A revision of the object's template, to be created (upstream history.NewControllerRevision): its data is a strategic
 * merge patch that puts the template back, its name is made of the object's and the hash of the data. Annotations are the
 * object's, among them the cause that `kubectl rollout history` shows.
 */
export function newRevision(revised: Revised, revision: Int64): New<ControllerRevision> {
  const { object, type, template, hashLabel } = revised;
  const { name = "", namespace = "", annotations } = object.metadata;
  const data = revisionData(template);
  const hash = revisionHash(data, revised.collisionCount ?? 0);
  return {
    metadata: {
      name: `${name.slice(0, LONGEST_PREFIX)}-${hash}`,
      namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference(type, object)],
    },
    data,
    revision,
  };
}

interface RevisionData {
  readonly spec: { readonly template: PodTemplateSpec & { readonly $patch: "replace" } };
}

/** With sorted keys, as upstream writes it: kubectl compares the bytes to tell whether a roll-back would change anything. */
function revisionData(template: PodTemplateSpec): RevisionData {
  let data = datas.get(template);
  if (!data) {
    data = Object.freeze(sorted<RevisionData>({ spec: { template: { ...template, $patch: "replace" } } }));
    // Stored templates are frozen: each is taken apart once, however often its set is looked at.
    if (Object.isFrozen(template)) datas.set(template, data);
  }
  return data;
}

const datas = new WeakMap<PodTemplateSpec, RevisionData>();

function sorted<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sorted) as T;
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => [key, sorted(field)] as const);
  return Object.fromEntries(fields) as T;
}

/**
 * FNV-1 of 32 bits over the JSON that upstream writes of the data, and over the number of collisions: a template that
 * upstream stores alike has the same name there (upstream HashControllerRevision).
 */
function revisionHash(data: RevisionData, collisionCount: number): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(goJson(data) + collisionCount)) {
    hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  }
  return safeEncode(String(hash));
}

/** JSON with Go's escapes, which HTML needs. */
const goJson = (value: unknown): string =>
  jsonText(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The template that a revision holds; undefined when its data holds none. */
export function templateOf({ data }: Pick<ControllerRevision, "data">): PodTemplateSpec | undefined {
  const template = (data as Partial<RevisionData> | null | undefined)?.spec?.template;
  if (typeof template !== "object" || template === null) return undefined;
  const { $patch: _patch, ...rest } = template;
  return rest as PodTemplateSpec;
}

const texts = new WeakMap<object, string>();

/** Stored data is frozen, so it is written out once however often it is compared. */
function dataText(data: unknown): string {
  if (typeof data !== "object" || data === null) return canonicalText(data);
  let text = texts.get(data);
  if (text === undefined) {
    text = canonicalText(data);
    if (Object.isFrozen(data)) texts.set(data, text);
  }
  return text;
}

/** Whether two revisions put back the same: fields that are empty in one and absent in the other make no difference. */
export const sameData = (a: Pick<ControllerRevision, "data">, b: Pick<ControllerRevision, "data">): boolean =>
  a.data === b.data || dataText(a.data) === dataText(b.data);

/** Lowest number first; of the same number the oldest, and then by name (upstream SortControllerRevisions). */
export function byNumber(a: ControllerRevision, b: ControllerRevision): number {
  if (a.revision !== b.revision) return a.revision < b.revision ? -1 : 1;
  const [bornA, bornB] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (bornA !== bornB) return bornA < bornB ? -1 : 1;
  return (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1;
}

/** What has to become of an object's history for its present template. */
export type RevisionStep =
  | { readonly type: "create-revision"; readonly revision: New<ControllerRevision> }
  /** An earlier one says the same: it becomes the newest. */
  | { readonly type: "raise-revision"; readonly revision: ControllerRevision; readonly to: Int64 };

/**
 * The revision of the object's present template: one that is there and the newest, or the step that makes it so. `revisions`
 * are the object's own, by their number.
 */
export function presentRevision(
  revised: Revised,
  revisions: readonly ControllerRevision[],
): { readonly revision: ControllerRevision } | { readonly step: RevisionStep } {
  const newest = revisions.at(-1);
  const data = revisionData(revised.template);
  if (newest && sameData(newest, { data })) return { revision: newest };
  const next = int64(BigInt(newest?.revision ?? 0) + 1n);
  const same = revisions.findLast((revision) => sameData(revision, { data }));
  return {
    step: same
      ? { type: "raise-revision", revision: same, to: next }
      : { type: "create-revision", revision: newRevision(revised, next) },
  };
}

/**
 * The revisions that the limit has no room for: the lowest numbers of those that are not live. A negative limit keeps all.
 * `live` are the names of those in use, which do not count (upstream truncateHistory).
 */
export function surplusRevisions(
  revisions: readonly ControllerRevision[],
  live: ReadonlySet<string>,
  limit: number,
): readonly ControllerRevision[] {
  if (limit < 0) return [];
  const history = revisions.filter(
    ({ metadata }) => !live.has(metadata.name ?? "") && metadata.deletionTimestamp === undefined,
  );
  return history.slice(0, Math.max(0, history.length - limit));
}
