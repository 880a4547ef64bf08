import {
  PODS,
  STATEFUL_SETS,
  type KubeObject,
  type New,
  type OwnerReference,
  type PersistentVolumeClaim,
  type StatefulSet,
} from "#objects";
import { controllerReference } from "../framework/index.ts";
import { claimName, claimTemplates, isWanted, podName } from "./identity.ts";

/** What has to become of the claims of one pod. */
export interface ClaimWork {
  /** They are missing. */
  readonly make: readonly New<PersistentVolumeClaim>[];
  /** Who owns them is to change. */
  readonly own: readonly { readonly claim: PersistentVolumeClaim; readonly owners: readonly OwnerReference[] }[];
  /** Names of those that are being deleted: a pod cannot start with them. */
  readonly going: readonly string[];
  /** Names of those that another controller owns: the retention policy leaves them alone. */
  readonly foreign: readonly string[];
}

/** Whose claims: a pod, or one that is to start and has no uid yet. */
export interface Claimant {
  readonly ordinal: number;
  readonly uid: string;
}

/** `claims`: those that are there, by name. */
export function claimWork(
  set: StatefulSet,
  claimant: Claimant,
  claims: ReadonlyMap<string, PersistentVolumeClaim>,
): ClaimWork {
  const work = { make: [], own: [], going: [], foreign: [] } as {
    [K in keyof ClaimWork]: ClaimWork[K][number][];
  };
  for (const template of claimTemplates(set)) {
    const name = claimName(template, set, claimant.ordinal);
    const claim = claims.get(name);
    if (!claim) {
      work.make.push(newClaim(set, template, claimant));
      continue;
    }
    if (claim.metadata.deletionTimestamp !== undefined) work.going.push(name);
    if (hasForeignController(claim, set, claimant)) work.foreign.push(name);
    const owners = ownersToBe(claim, set, claimant);
    if (owners) work.own.push({ claim, owners });
  }
  return work;
}

/** Whether there is nothing to do to them. */
export const isIdle = ({ make, own }: ClaimWork): boolean => make.length === 0 && own.length === 0;

function newClaim(set: StatefulSet, template: PersistentVolumeClaim, claimant: Claimant): New<PersistentVolumeClaim> {
  const { labels, annotations, finalizers } = template.metadata;
  const owners = policyOwners(set, claimant);
  const all = { ...labels, ...set.spec?.selector.matchLabels };
  return {
    metadata: {
      name: claimName(template, set, claimant.ordinal),
      namespace: set.metadata.namespace ?? "",
      ...(Object.keys(all).length > 0 ? { labels: all } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ...(owners.length > 0 ? { ownerReferences: owners } : {}),
    },
    ...(template.spec ? { spec: template.spec } : {}),
  };
}

/**
 * The owners by the retention policy: the set if claims go with it, the pod once it is scaled away if they go with that.
 * The garbage collector does the rest.
 */
function policyOwners(set: StatefulSet, { ordinal, uid }: Claimant): readonly OwnerReference[] {
  const { whenDeleted, whenScaled } = policyOf(set);
  const away = whenScaled === "Delete" && !isWanted(set, ordinal);
  if (away) return [podReference(set, ordinal, uid)];
  return whenDeleted === "Delete" ? [controllerReference(STATEFUL_SETS, set)] : [];
}

function policyOf({ spec }: StatefulSet) {
  const { whenDeleted = "Retain", whenScaled = "Retain" } = spec?.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenDeleted, whenScaled };
}

const podReference = (set: StatefulSet, ordinal: number, uid: string) =>
  controllerReference(PODS, { metadata: { name: podName(set, ordinal), uid } } as KubeObject);

/** Whether a reference is to the set or to the pod by name, and then whether it means this one. */
function standing(reference: OwnerReference, set: StatefulSet, claimant: Claimant): "other" | "stale" | "own" {
  const ours = [controllerReference(STATEFUL_SETS, set), podReference(set, claimant.ordinal, claimant.uid)].find(
    ({ apiVersion, kind, name }) =>
      apiVersion === reference.apiVersion && kind === reference.kind && name === reference.name,
  );
  if (!ours) return "other";
  return ours.uid === reference.uid ? "own" : "stale";
}

/** With a policy that keeps everything it is nothing unusual that another controller has the claims. */
function hasForeignController(claim: PersistentVolumeClaim, set: StatefulSet, claimant: Claimant): boolean {
  const { whenDeleted, whenScaled } = policyOf(set);
  if (whenDeleted === "Retain" && whenScaled === "Retain") return false;
  return (claim.metadata.ownerReferences ?? []).some((reference) => {
    const is = standing(reference, set, claimant);
    return is === "stale" || (is === "other" && reference.controller === true);
  });
}

/**
 * The owners that the claim is to have, or undefined when it has them or is to be left alone: the claim of a former set
 * or pod of the same name belongs to the garbage collector (upstream isClaimOwnerUpToDate).
 */
function ownersToBe(
  claim: PersistentVolumeClaim,
  set: StatefulSet,
  claimant: Claimant,
): readonly OwnerReference[] | undefined {
  const references = claim.metadata.ownerReferences ?? [];
  if (references.some((reference) => standing(reference, set, claimant) === "stale")) return undefined;
  const own = references.filter((reference) => standing(reference, set, claimant) === "own");
  const others = references.filter((reference) => !own.includes(reference));
  const wanted = hasForeignController(claim, set, claimant) ? [] : policyOwners(set, claimant);
  const right =
    own.length === wanted.length &&
    wanted.every(({ uid }) => own.some((reference) => reference.uid === uid && reference.controller === true));
  return right ? undefined : [...others, ...wanted];
}

/**
 * Whether a claim is on its way out with a pod of the same name that was scaled away: until it is gone, none starts in
 * its place (upstream PodClaimIsStale).
 */
export function isStale(
  set: StatefulSet,
  ordinal: number,
  claims: ReadonlyMap<string, PersistentVolumeClaim>,
): boolean {
  if (policyOf(set).whenScaled === "Retain") return false;
  const { apiVersion, kind, name } = podReference(set, ordinal, "");
  return claimTemplates(set).some((template) =>
    claims
      .get(claimName(template, set, ordinal))
      ?.metadata.ownerReferences?.some(
        (reference) => reference.apiVersion === apiVersion && reference.kind === kind && reference.name === name,
      ),
  );
}
