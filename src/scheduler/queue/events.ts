import { hostPortsConflict, toleratesTaint, untoleratedTaint } from "#objects";
import { isStorageEvent, type ClusterEvent, type Hint } from "./cluster-event.ts";
import { storageHints } from "./storage-hints.ts";
import { termCovers, type AffinityTerm, type NamespaceLabels } from "../model/affinity-terms.ts";
import type { PodInfo } from "../model/pod-info.ts";
import type { Allocatable } from "../model/resources.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";

const never: Hint = () => false;
const UNSCHEDULABLE_TAINT = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** Whether an event can help a pod that a plugin refused (upstream's queueing hints). */
const hints: Readonly<Record<string, Hint>> = {
  ...storageHints,
  SchedulingGates: never,
  NodeName: (pod, event) => event.type === "node-added" && event.node.name === pod.pod.spec?.nodeName,
  NodeUnschedulable: ({ tolerations }, event) =>
    changes(event, "retainted") &&
    (!event.node.unschedulable || tolerations.some((one) => toleratesTaint(one, UNSCHEDULABLE_TAINT))),
  TaintToleration: ({ tolerations }, event) =>
    changes(event, "retainted") && !untoleratedTaint(event.node.taints, tolerations, ["NoSchedule", "NoExecute"]),
  NodeAffinity: ({ requiredNodes }, event) =>
    changes(event, "relabelled") &&
    (requiredNodes === undefined || (event.node.node !== undefined && requiredNodes.matches(event.node.node))),
  NodePorts: ({ ports }, event) =>
    event.type === "node-added" ||
    (event.type === "pod-left" &&
      event.pod.ports.some((freed) => ports.some((port) => hostPortsConflict(port, freed)))),
  NodeResourcesFit: ({ requests }, event) => {
    if (event.type === "pod-left") return true;
    if (!changes(event, "grew")) return false;
    const { allocatable } = event.node;
    return couldHold(allocatable, requests);
  },
  PodTopologySpread({ namespace, spread: all }, event) {
    const spread = all.filter(({ hard }) => hard);
    switch (event.type) {
      case "pod-placed":
      case "pod-left":
        return event.pod.namespace === namespace && spread.some(({ selector }) => selector.matches(event.pod.labels));
      case "pod-relabelled":
        return (
          event.pod.namespace === namespace &&
          spread.some(({ selector }) => selector.matches(event.pod.labels) || selector.matches(event.before.labels))
        );
      case "node-added":
        return spread.every(({ topologyKey }) => event.node.labels?.[topologyKey] !== undefined);
      case "node-changed":
        return event.relabelled || event.retainted;
      case "node-removed":
        return true;
      default:
        return false;
    }
  },
  InterPodAffinity(pod, event, of) {
    const { required, requiredAnti } = pod.terms;
    const about = (terms: readonly AffinityTerm[], other: PodInfo) =>
      terms.some((term) => termCovers(term, other.namespace, other.labels, of));
    switch (event.type) {
      case "pod-placed":
        return about(required, event.pod);
      case "pod-left":
        // When the last pod that it wants to be near is gone, it may be the first of its kind.
        return about(requiredAnti, event.pod) || about(required, event.pod) || about(event.pod.terms.requiredAnti, pod);
      case "pod-relabelled":
        return (
          about(required, event.pod) ||
          about([...required, ...requiredAnti], event.before) ||
          about(event.pod.terms.requiredAnti, pod)
        );
      case "node-added":
      case "namespace-changed":
        return true;
      case "node-removed":
        // Upstream does not listen: the zone of a pod with anti-affinity on it goes too.
        return true;
      case "node-changed":
        return event.relabelled;
      default:
        return false;
    }
  },
};

/** Whatever else is plugged in: any change of storage or nodes may help. */
const otherwise: Hint = (_pod, event) =>
  isStorageEvent(event) || event.type === "node-added" || event.type === "node-changed" || event.type === "pod-left";

/** Whether the event can help a pod that this plugin refused. */
export function canHelp(plugin: string, pod: PodInfo, event: ClusterEvent, of: NamespaceLabels): boolean {
  return (Object.hasOwn(hints, plugin) ? hints[plugin]! : otherwise)(pod, event, of);
}

function changes(
  event: ClusterEvent,
  what: "grew" | "relabelled" | "retainted",
): event is Extract<ClusterEvent, { readonly node: NodeInfo }> {
  return event.type === "node-added" || (event.type === "node-changed" && event[what]);
}

function couldHold(allocatable: Allocatable, { cpu, memory, ephemeral, scalars }: PodInfo["requests"]): boolean {
  return (
    cpu <= allocatable.cpu &&
    memory <= allocatable.memory &&
    ephemeral <= allocatable.ephemeral &&
    scalars.every(([name, amount]) => amount <= (allocatable.scalars.get(name) ?? 0))
  );
}
