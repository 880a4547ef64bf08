/** What writes make of an object in the test double: pure, and without any rules of kinds. */
import type { DeleteOptions, Patch, PatchOptions } from "#client";
import {
  type Int64,
  nextGeneration,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  conflict,
  deepFreeze,
  draftOf,
  formatTime,
  schemaForKind,
  type AnyDraft,
  type KubeObject,
  type Pod,
  type ResourceType,
  type Status,
} from "#objects";
import { NotInTestDouble } from "./not-in-test-double.ts";

/** What is to be committed. */
export interface FakeWrite {
  readonly change: "ADDED" | "MODIFIED" | "DELETED";
  readonly draft: AnyDraft;
}

/**
 * Replaces an object, or its status, by a draft that may name the version it was made from; undefined: nothing changes.
 * What was only kept by its finalizers goes with the last of them.
 */
export function replacement(
  type: ResourceType,
  old: KubeObject,
  draft: AnyDraft,
  subresource: PatchOptions["subresource"],
): FakeWrite | undefined {
  const { resourceVersion } = draft.metadata;
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(type, old.metadata.name ?? "");
  }
  const next: AnyDraft =
    subresource === "status"
      ? // A write of the status takes metadata along, such as annotations, as the API does.
        { ...(draftOf(old) as AnyDraft), metadata: draft.metadata, status: draft["status"] }
      : draft;
  if (subresource !== "status" && "status" in old) next["status"] = draftOf((old as { status?: unknown }).status);
  Object.assign(next.metadata, {
    uid: old.metadata.uid,
    creationTimestamp: old.metadata.creationTimestamp,
    resourceVersion: old.metadata.resourceVersion,
    generation: old.metadata.generation,
  });
  if (JSON.stringify(next) === JSON.stringify(old)) return undefined;
  if (subresource === undefined) countGeneration(old, next);
  const gone = next.metadata.deletionTimestamp && !next.metadata.finalizers?.length && !runsOnNode(next);
  return { change: gone ? "DELETED" : "MODIFIED", draft: next };
}

const FINALIZERS = { Background: [], Foreground: ["foregroundDeletion"], Orphan: ["orphan"] } as const;
const GRACE_SECONDS = 30;

/**
 * Deletes, or begins to: what has finalizers stays, and so does a Pod that runs on a node. Undefined: that has begun
 * before. `now` in milliseconds since the Unix epoch.
 */
export function deletion(
  type: ResourceType,
  old: KubeObject,
  options: DeleteOptions,
  now: number,
): FakeWrite | undefined {
  checkPreconditions(type, old, options.preconditions);
  const { propagationPolicy = "Background", gracePeriodSeconds } = options;
  if (!(propagationPolicy in FINALIZERS)) throw new NotInTestDouble(`propagation policy ${propagationPolicy}`);
  const draft = draftOf(old) as AnyDraft;
  const { metadata } = draft;
  const finalizers = [...new Set([...(metadata.finalizers ?? []), ...FINALIZERS[propagationPolicy]])];
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  const grace = runsOnNode(old) ? (gracePeriodSeconds ?? terminationGrace(old)) : 0;
  if (finalizers.length === 0 && grace <= 0) return { change: "DELETED", draft };
  const shorter = grace < (metadata.deletionGracePeriodSeconds ?? 0);
  if (metadata.deletionTimestamp && !shorter) return undefined;
  metadata.deletionTimestamp = formatTime(now + Number(grace) * 1000);
  metadata.deletionGracePeriodSeconds = grace;
  return { change: "MODIFIED", draft };
}

function checkPreconditions(type: ResourceType, old: KubeObject, wanted: DeleteOptions["preconditions"] = {}): void {
  const { uid = "", name = "", resourceVersion } = old.metadata;
  for (const [what, asked, found] of [
    ["UID", wanted.uid, uid],
    ["ResourceVersion", wanted.resourceVersion, resourceVersion],
  ] as const) {
    if (asked !== undefined && asked !== found) {
      throw conflict(type, name, `the ${what} in the precondition (${asked}) does not match the ${what} in record`);
    }
  }
}

/** The answer to the deletion of an object that is gone with it. */
export function deletedStatus(type: ResourceType, { metadata: { name = "", uid = "" } }: KubeObject): Status {
  return deepFreeze({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, ...(type.group ? { group: type.group } : {}), kind: type.resource, uid },
  });
}

const specOf = (object: object) => ("spec" in object ? object.spec : undefined);

/** A new spec is a new generation. */
export function countGeneration(old: KubeObject, next: AnyDraft): void {
  if (JSON.stringify(specOf(next)) === JSON.stringify(specOf(old))) return;
  next.metadata.generation = nextGeneration(old.metadata.generation ?? 0);
}

const runsOnNode = (object: object): boolean => {
  const spec = specOf(object) as { nodeName?: string } | undefined;
  return "kind" in object && object.kind === "Pod" && Boolean(spec?.nodeName);
};

const terminationGrace = (pod: KubeObject): Int64 => (pod as Pod).spec?.terminationGracePeriodSeconds ?? GRACE_SECONDS;

/** The object as a patch makes it. */
export function patched(type: ResourceType, old: KubeObject, { type: how, body }: Patch): AnyDraft {
  const document = old as unknown as Readonly<Record<string, unknown>>;
  switch (how) {
    case "merge":
      return applyMergePatch(document, body) as AnyDraft;
    case "json":
      return applyJsonPatch(document, body) as AnyDraft;
    case "strategic": {
      const schema = schemaForKind(type.group, type.version, type.kind);
      if (!schema) throw new NotInTestDouble(`schema of ${type.kind}`);
      return applyStrategicMergePatch(document, body, schema) as AnyDraft;
    }
    case "apply":
      throw new NotInTestDouble("server-side apply");
  }
}
