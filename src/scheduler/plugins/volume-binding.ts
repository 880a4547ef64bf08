import type { PodInfo } from "../model/pod-info.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { podVolumes, volumesOnNode, type VolumeProblems } from "../volumes/pod-volumes.ts";
import type { StorageView, VolumeDecisions } from "../volumes/storage.ts";
import { refusal, type FilterPlugin, type Refusal } from "./plugin.ts";

const PLUGIN = "VolumeBinding";

const REASONS = {
  "other node": "node(s) didn't match PersistentVolume's node affinity",
  "no volume": "node(s) didn't find available persistent volumes to bind",
  "no space": "node(s) did not have enough free storage",
  gone: "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
};

const refusals = new Map<string, Refusal>();

/** There are few different ones. */
function refused({ bound, delayed }: VolumeProblems): Refusal {
  const id = `${bound} ${delayed}`;
  let known = refusals.get(id);
  if (!known) {
    const reasons = [...(bound ? [REASONS[bound]] : []), ...(delayed ? [REASONS[delayed]] : [])];
    known = refusal(PLUGIN, false, ...reasons);
    refusals.set(id, known);
  }
  return known;
}

/** A pod's claims must be there; bound volumes must reach the node, and those that wait for it must find a volume. */
export function volumeBinding(storage: StorageView): FilterPlugin {
  return {
    name: PLUGIN,
    prepare(pod) {
      if (pod.claims.length === 0) return undefined;
      const volumes = podVolumes(pod, storage);
      if ("problem" in volumes) return { refusal: refusal(PLUGIN, false, volumes.problem) };
      if (volumes.delayed.length === 0 && volumes.bound.every((volume) => volume?.anywhere)) return undefined;
      return {
        filter({ node }) {
          if (!node) return undefined;
          const result = volumesOnNode(volumes, node, storage);
          return result.type === "refused" ? refused(result.problems) : undefined;
        },
      };
    },
  };
}

/** What is to be done about the claims of a pod that goes to a node which the filter lets pass. */
export function volumeDecisions(pod: PodInfo, { node }: NodeInfo, storage: StorageView): VolumeDecisions | undefined {
  if (pod.claims.length === 0 || !node) return undefined;
  const volumes = podVolumes(pod, storage);
  if ("problem" in volumes || volumes.delayed.length === 0) return undefined;
  const result = volumesOnNode(volumes, node, storage);
  return result.type === "decided" ? result.decisions : undefined;
}
