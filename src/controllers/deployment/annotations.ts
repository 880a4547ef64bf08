import type { Deployment, ReplicaSet } from "#objects";
import type { Limits } from "./limits.ts";

export const REVISION = "deployment.kubernetes.io/revision";
export const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
/** The Deployment's desired number when the set was scaled last: tells a scaling from a rollout. */
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
/** The most pods that the Deployment might have then: the base of proportions. */
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";

/** What a ReplicaSet does not take over from its Deployment. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  "deprecated.deployment.rollback.to",
]);

export type Annotations = Readonly<Record<string, string>>;

const MAX_HISTORY_LENGTH = 2000;

/** The revision of a Deployment or ReplicaSet, 0 when it has none that can be read. */
export function revisionOf(object: Deployment | ReplicaSet): bigint {
  return readRevision(object.metadata.annotations?.[REVISION]) ?? 0n;
}

/** A revision has 64 bits, more than a number can tell apart. */
function readRevision(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const revision = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, revision) === revision ? revision : undefined;
}

/** A whole number in an annotation. */
export function numberIn(set: ReplicaSet, annotation: string): number | undefined {
  const text = set.metadata.annotations?.[annotation];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * The annotations that the newest set should have: the Deployment's own (a change cause among them), its
 * revision, and the revisions it had before it was rolled back to.
 */
export function annotationsOfNewest(deployment: Deployment, current: Annotations, revision: bigint): Annotations {
  const annotations: Record<string, string> = { ...current };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!NOT_COPIED.has(key)) annotations[key] = value;
  }
  const old = current[REVISION];
  const oldRevision = old ? readRevision(old) : 0n;
  // It may be higher already, when older sets were deleted since.
  if (oldRevision === undefined || oldRevision >= revision) return annotations;
  annotations[REVISION] = String(revision);
  if (old) annotations[REVISION_HISTORY] = withRevision(current[REVISION_HISTORY], old);
  return annotations;
}

/** Appends a revision, dropping the oldest ones where the text would grow beyond its limit. */
function withRevision(history: string | undefined, revision: string): string {
  const revisions = [...(history ? history.split(",") : []), revision];
  while (revisions.length > 1 && revisions.join(",").length > MAX_HISTORY_LENGTH) revisions.shift();
  return revisions.join(",");
}

/** The annotations of a set that is scaled under these limits. */
export function withReplicas(annotations: Annotations, { desired, maxTotal }: Limits): Annotations {
  return { ...annotations, [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(maxTotal) };
}

export function sameAnnotations(a: Annotations, b: Annotations): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
