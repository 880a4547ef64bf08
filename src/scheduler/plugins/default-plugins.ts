import { imageLocality } from "./image-locality.ts";
import { interPodAffinityFilter, interPodAffinityScore } from "./inter-pod-affinity.ts";
import { nodeAffinityFilter, nodeAffinityScore } from "./node-affinity.ts";
import { nodeName, nodePorts, nodeUnschedulable } from "./node-basics.ts";
import type { FilterPlugin, ScorePlugin } from "./plugin.ts";
import { balancedAllocation, leastAllocated, resourcesFit } from "./resources-fit.ts";
import { taintFilter, taintScore } from "./taint-toleration.ts";
import { topologySpreadFilter, topologySpreadScore, type DefaultSelector } from "./topology-spread.ts";
import { volumeBinding } from "./volume-binding.ts";
import { nodeVolumeLimits } from "./volume-limits.ts";
import { volumeRestrictions } from "./volume-restrictions.ts";
import { volumeZone } from "./volume-zone.ts";
import type { StorageView } from "../volumes/storage.ts";

/** What decides where a pod goes: filters in the order in which they are asked, and scores. */
export interface Plugins {
  readonly filters: readonly FilterPlugin[];
  readonly scores: readonly ScorePlugin[];
}

/** Upstream's default profile. Without `storage` it does not ask about volumes. */
export function defaultPlugins(defaultSelector: DefaultSelector, storage?: StorageView): Plugins {
  const volumes = storage
    ? [volumeRestrictions(storage), nodeVolumeLimits(storage), volumeBinding(storage), volumeZone(storage)]
    : [];
  return {
    filters: [
      nodeUnschedulable,
      nodeName,
      taintFilter,
      nodeAffinityFilter,
      nodePorts,
      resourcesFit,
      ...volumes,
      topologySpreadFilter,
      interPodAffinityFilter,
    ],
    scores: [
      taintScore,
      nodeAffinityScore,
      leastAllocated,
      topologySpreadScore(defaultSelector),
      interPodAffinityScore,
      balancedAllocation,
      imageLocality,
    ],
  };
}
