import type { SharedCaches } from "#client";
import {
  claimsOfPod,
  isClaimBound,
  nodesOfVolume,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  VOLUME_ZONE_LABELS,
  zonesOfVolume,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type PodClaim,
} from "#objects";
import { refusal, type FilterPlugin, type NodeFilter, type PreparedFilter } from "./plugin.ts";

const BINDING = "VolumeBinding";
const ZONE = "VolumeZone";
const NO_PROVISIONER = "kubernetes.io/no-provisioner";
const UNBOUND = refusal(BINDING, false, "pod has unbound immediate PersistentVolumeClaims");
const NO_VOLUME = refusal(BINDING, false, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
const OTHER_NODE = refusal(BINDING, false, "node(s) didn't match PersistentVolume's node affinity");
const NONE_AVAILABLE = refusal(BINDING, true, "node(s) didn't find available persistent volumes to bind");
const OTHER_ZONE = refusal(ZONE, false, "node(s) had no available volume zone");

/** Why no node will do, as long as the claim is like this. */
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
  if (ephemeral && !claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid)) {
    const { namespace } = pod.metadata;
    return `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
  }
  return undefined;
}

/**
 * Checks claims, and that a bound volume can be reached from the node. A claim that waits for its first consumer
 * and has a provisioner is met anywhere: see `reserve`.
 */
export function volumeFilters(caches: SharedCaches): readonly FilterPlugin[] {
  const claims = caches.of(PERSISTENT_VOLUME_CLAIMS);
  const volumes = caches.of(PERSISTENT_VOLUMES);
  const classes = caches.of(STORAGE_CLASSES);

  const boundVolumes = (pod: Pod): readonly (PersistentVolume | undefined)[] =>
    claimsOfPod(pod).flatMap(({ name }) => {
      const claim = claims.get(`${pod.metadata.namespace}/${name}`);
      return claim && isClaimBound(claim) ? [volumes.get(claim.spec?.volumeName ?? "")] : [];
    });

  const binding: FilterPlugin = {
    name: BINDING,
    prepare({ pod, namespace }): PreparedFilter | undefined {
      const wanted = claimsOfPod(pod);
      if (wanted.length === 0) return undefined;
      const filters: NodeFilter[] = [];
      for (const one of wanted) {
        const claim = claims.get(`${namespace}/${one.name}`);
        const problem = claimProblem(pod, one, claim);
        if (problem !== undefined || !claim) return { refusal: refusal(BINDING, false, problem ?? "") };
        if (isClaimBound(claim)) continue;
        const storageClass = classes.get(claim.spec?.storageClassName ?? "");
        if (storageClass?.volumeBindingMode !== "WaitForFirstConsumer") return { refusal: UNBOUND };
        if (storageClass.provisioner === NO_PROVISIONER) filters.push(() => NONE_AVAILABLE);
      }
      for (const volume of boundVolumes(pod)) filters.push(reachable(volume));
      return { filter: (node) => firstOf(filters, node) };
    },
  };

  const zone: FilterPlugin = {
    name: ZONE,
    prepare({ pod }) {
      const wanted = boundVolumes(pod).flatMap((volume) => (volume ? zonesOfVolume(volume) : []));
      if (wanted.length === 0) return undefined;
      return {
        filter({ labels }) {
          if (!VOLUME_ZONE_LABELS.some((label) => labels?.[label] !== undefined)) return undefined;
          const fits = wanted.every(({ label, values }) => values.includes(labels?.[label] ?? ""));
          return fits ? undefined : OTHER_ZONE;
        },
      };
    },
  };
  return [binding, zone];
}

const firstOf = (filters: readonly NodeFilter[], node: Parameters<NodeFilter>[0]) => {
  for (const filter of filters) {
    const found = filter(node);
    if (found) return found;
  }
  return undefined;
};

function reachable(volume: PersistentVolume | undefined): NodeFilter {
  if (!volume) return () => NO_VOLUME;
  const matches = nodesOfVolume(volume);
  if (!matches) return () => undefined;
  return ({ node }) => (node && matches(node) ? undefined : OTHER_NODE);
}
