import { storageClassNameOf, type CSINode } from "#objects";
import type { PodInfo } from "../model/pod-info.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { StorageView } from "../volumes/storage.ts";
import { refusal, type FilterPlugin } from "./plugin.ts";

const PLUGIN = "NodeVolumeLimits";
const TOO_MANY = refusal(PLUGIN, true, "node(s) exceed max volume count");

/** How many volumes of each driver can be attached to the node; a driver that is not there has no limit. */
export function volumeLimits(node: CSINode | undefined): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const { name, allocatable } of node?.spec.drivers ?? []) {
    if (allocatable?.count !== undefined) limits.set(name, Number(allocatable.count));
  }
  return limits;
}

/** The drivers of volumes, by what tells a volume from others. */
type Volumes = Map<string, string>;

/** The volumes of CSI drivers that the pod's claims have, or will have. */
function addVolumes({ namespace, claims }: PodInfo, storage: StorageView, volumes: Volumes): void {
  for (const { name } of claims) {
    const key = `${namespace}/${name}`;
    const claim = storage.claim(key);
    if (!claim) continue;
    const volume = storage.volume(claim.spec?.volumeName ?? "");
    if (volume) {
      const csi = volume.spec?.csi;
      if (csi) volumes.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
      continue;
    }
    // It is not there yet: one claim is one volume.
    const driver = storage.storageClass(storageClassNameOf(claim) ?? "")?.provisioner;
    if (driver) volumes.set(`${driver}/claim ${key}`, driver);
  }
}

/** Volumes that are attached to the node or will be for the pods on it. */
function volumesOn(node: NodeInfo, storage: StorageView): Volumes {
  const volumes: Volumes = new Map();
  for (const pod of node.pods.values()) addVolumes(pod, storage, volumes);
  for (const { spec } of storage.attachmentsTo(node.name)) {
    const csi = storage.volume(spec.source.persistentVolumeName ?? "")?.spec?.csi;
    if (csi) volumes.set(`${spec.attacher}/${csi.volumeHandle}`, spec.attacher);
  }
  return volumes;
}

/**
 * No more volumes of a driver than can be attached to the node, as its CSINode says. Whether the driver is on the node
 * is not asked (upstream VolumeLimitScaling is off by default); in-tree volumes are not counted as those of a driver.
 */
export function nodeVolumeLimits(storage: StorageView): FilterPlugin {
  return {
    name: PLUGIN,
    prepare(pod) {
      if (pod.claims.length === 0) return undefined;
      const wanted: Volumes = new Map();
      addVolumes(pod, storage, wanted);
      if (wanted.size === 0) return undefined;
      return {
        filter(node) {
          const limits = volumeLimits(storage.csiNode(node.name));
          if (limits.size === 0) return undefined;
          const there = volumesOn(node, storage);
          for (const [driver, limit] of limits) {
            const count = (volumes: Volumes, known?: Volumes) => {
              let sum = 0;
              for (const [id, of] of volumes) if (of === driver && !known?.has(id)) sum++;
              return sum;
            };
            const more = count(wanted, there);
            if (more > 0 && count(there) + more > limit) return TOO_MANY;
          }
          return undefined;
        },
      };
    },
  };
}
