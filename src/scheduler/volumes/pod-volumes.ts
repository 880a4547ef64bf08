import {
  compareQuantities,
  compileLabelSelector,
  isClaimBound,
  NO_PROVISIONER,
  nodesOfVolume,
  parseQuantity,
  quantityValue,
  SELECTED_NODE,
  storageClassNameOf,
  type CSIStorageCapacity,
  type LabelMatcher,
  type Node,
  type PersistentVolumeClaim,
  type Pod,
  type PodClaim,
  type StorageClass,
} from "#objects";
import type { PodInfo } from "../model/pod-info.ts";
import type { StaticBinding, StorageView, VolumeDecisions } from "./storage.ts";

/** What a pod's claims ask of its node. */
export interface PodVolumes {
  /** Volumes that claims are bound to; undefined where the volume is not there. */
  readonly bound: readonly (ReachableVolume | undefined)[];
  /** Claims that wait for their first consumer, the smallest first. */
  readonly delayed: readonly DelayedClaim[];
}

interface ReachableVolume {
  readonly anywhere: boolean;
  /** Whether a node can reach it. */
  readonly reaches: (node: Node) => boolean;
}

interface DelayedClaim {
  readonly claim: PersistentVolumeClaim;
  /** The node that was chosen for it before. */
  readonly selected: string | undefined;
  /** Says why no new volume can be made for it on a node. */
  readonly provision: (node: Node) => Unmet | undefined;
}

/** Why no node will do, as long as the claim is like this (upstream podHasPVCs). */
function claimProblem(pod: Pod, { name, ephemeral }: PodClaim, claim: PersistentVolumeClaim | undefined) {
  if (!claim) {
    return ephemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  }
  if (claim.status?.phase === "Lost") {
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ""}"`;
  }
  if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
  const isOwn = ({ uid, controller }: { readonly uid: string; readonly controller?: boolean }) =>
    controller === true && uid === pod.metadata.uid;
  if (ephemeral && !claim.metadata.ownerReferences?.some(isOwn)) {
    const { namespace } = pod.metadata;
    return `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
  }
  return undefined;
}

const isDelayed = (claim: PersistentVolumeClaim, storage: StorageView) =>
  !claim.spec?.volumeName &&
  storage.storageClass(storageClassNameOf(claim) ?? "")?.volumeBindingMode === "WaitForFirstConsumer";

/** Sorts the pod's claims; or says why they keep it from every node. */
export function podVolumes(
  { pod, namespace, claims: wanted }: PodInfo,
  storage: StorageView,
): PodVolumes | { readonly problem: string } {
  const bound: PersistentVolumeClaim[] = [];
  const delayed: PersistentVolumeClaim[] = [];
  let waits = false;
  for (const one of wanted) {
    const claim = storage.claim(`${namespace}/${one.name}`);
    const problem = claimProblem(pod, one, claim);
    if (!claim || problem !== undefined) return { problem: problem ?? "" };
    if (isClaimBound(claim)) bound.push(claim);
    else if (isDelayed(claim, storage)) delayed.push(claim);
    else waits = true;
  }
  if (waits) return { problem: "pod has unbound immediate PersistentVolumeClaims" };
  return {
    bound: bound.map((claim) => {
      const volume = storage.volume(claim.spec?.volumeName ?? "");
      const reaches = volume && nodesOfVolume(volume);
      return volume && { anywhere: reaches === undefined, reaches: reaches ?? everywhere };
    }),
    delayed: delayed.toSorted(bySize).map((claim) => ({
      claim,
      selected: claim.metadata.annotations?.[SELECTED_NODE],
      provision: provisionTest(claim, storage),
    })),
  };
}

const everywhere = () => true;

const requestOf = ({ spec }: PersistentVolumeClaim) => spec?.resources?.requests?.["storage"];

const bySize = (a: PersistentVolumeClaim, b: PersistentVolumeClaim) =>
  compareQuantities(parseQuantity(requestOf(a) ?? "0"), parseQuantity(requestOf(b) ?? "0"));

/** What speaks against a node. */
export interface VolumeProblems {
  /** Of the first claim whose volume will not do. */
  readonly bound?: "gone" | "other node";
  readonly delayed?: "no volume" | "no space";
}

interface Unmet {
  readonly type: "unmet";
  readonly why: "no volume" | "no space";
}

const NO_VOLUME: Unmet = { type: "unmet", why: "no volume" };
const NO_SPACE: Unmet = { type: "unmet", why: "no space" };

const decided = (bindings: readonly StaticBinding[], provisions: readonly PersistentVolumeClaim[]) => ({
  type: "decided" as const,
  decisions: { bindings, provisions } satisfies VolumeDecisions,
});

const NOTHING_TO_DO = decided([], []);

/** What would be done about the pod's claims if it went to the node, or what speaks against it (upstream FindPodVolumes). */
export function volumesOnNode({ bound, delayed }: PodVolumes, node: Node, storage: StorageView) {
  const problem = boundProblem(bound, node);
  const plan = delayed.length === 0 ? NOTHING_TO_DO : decideClaims(delayed, node, storage);
  if (plan.type === "decided" && !problem) return plan;
  const problems: VolumeProblems = {
    ...(problem ? { bound: problem } : {}),
    ...(plan.type === "unmet" ? { delayed: plan.why } : {}),
  };
  return { type: "refused" as const, problems };
}

function boundProblem(bound: PodVolumes["bound"], node: Node): VolumeProblems["bound"] {
  for (const volume of bound) {
    if (!volume) return "gone";
    if (!volume.reaches(node)) return "other node";
  }
  return undefined;
}

/** Each claim gets an existing volume where one fits, else a new one. `claims`: the smallest first. */
function decideClaims(claims: readonly DelayedClaim[], node: Node, storage: StorageView) {
  if (claims.some(({ selected }) => selected !== undefined && selected !== node.metadata.name)) return NO_VOLUME;
  const bindings: StaticBinding[] = [];
  const provisions = claims.filter(({ selected }) => selected !== undefined);
  const excluded = new Set<string>();
  for (const one of claims) {
    if (one.selected !== undefined) continue;
    const volume = storage.match(one.claim, { node, excluded });
    if (volume) {
      excluded.add(volume.metadata.name ?? "");
      bindings.push({ claim: one.claim, volume });
    } else {
      provisions.push(one);
    }
  }
  for (const { provision } of provisions) {
    const problem = provision(node);
    if (problem) return problem;
  }
  return decided(
    bindings,
    provisions.map(({ claim }) => claim),
  );
}

/** Says of nodes why no new volume can be made for the claim there (upstream checkVolumeProvisions). */
function provisionTest(claim: PersistentVolumeClaim, storage: StorageView): DelayedClaim["provision"] {
  const storageClass = storage.storageClass(storageClassNameOf(claim) ?? "");
  const provisioner = storageClass?.provisioner;
  if (!storageClass || !provisioner || provisioner === NO_PROVISIONER) return () => NO_VOLUME;
  let hasSpace: ((node: Node) => boolean) | undefined;
  return (node) => {
    if (!isAllowed(storageClass, node)) return NO_VOLUME;
    hasSpace ??= spaceTest(claim, storageClass, storage);
    return hasSpace(node) ? undefined : NO_SPACE;
  };
}

/** Whether the class allows volumes for the node; without any terms it does (upstream MatchTopologySelectorTerms). */
function isAllowed({ allowedTopologies = [] }: StorageClass, { metadata: { labels } }: Node): boolean {
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) => {
    if (matchLabelExpressions.length === 0) return false;
    return matchLabelExpressions.every(({ key, values }) => {
      const value = labels?.[key];
      return value !== undefined && values.includes(value);
    });
  });
}

/** How large a volume can be, in bytes; undefined: the driver does not say (upstream volumeLimit). */
export function volumeLimit({ maximumVolumeSize, capacity }: CSIStorageCapacity): number | undefined {
  const limit = maximumVolumeSize ?? capacity;
  return limit === undefined ? undefined : quantityValue(parseQuantity(limit));
}

const ANY = "";

/**
 * Says of nodes whether the driver has room for the claim that they can reach; asked only of drivers that want it
 * (upstream hasEnoughCapacity). Most drivers tell what they have of each node: a node is compared only with what asks
 * for one of its labels.
 */
function spaceTest(claim: PersistentVolumeClaim, { metadata, provisioner }: StorageClass, storage: StorageView) {
  const request = requestOf(claim);
  if (request === undefined || storage.driver(provisioner)?.spec.storageCapacity !== true) return everywhere;
  const bytes = quantityValue(parseQuantity(request));
  const byLabel = new Map<string, LabelMatcher[]>();
  for (const capacity of storage.capacitiesOf(metadata.name ?? "")) {
    const limit = volumeLimit(capacity);
    if (limit === undefined || limit < bytes || !capacity.nodeTopology) continue;
    const matcher = compileLabelSelector(capacity.nodeTopology);
    const key = matcher.requirements.find((one) => matcher.exactValue(one.key) !== undefined)?.key;
    const filed = key === undefined ? ANY : `${key}=${matcher.exactValue(key)}`;
    const known = byLabel.get(filed);
    if (known) known.push(matcher);
    else byLabel.set(filed, [matcher]);
  }
  return ({ metadata: { labels } }: Node): boolean => {
    const covers = (filed: string) => byLabel.get(filed)?.some((matcher) => matcher.matches(labels)) ?? false;
    return covers(ANY) || Object.entries(labels ?? {}).some(([key, value]) => covers(`${key}=${value}`));
  };
}
