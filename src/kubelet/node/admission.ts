import {
  isExtendedResource,
  amountsOf,
  hostPorts,
  hostPortsConflict,
  podAllowsNode,
  podRequests,
  untoleratedTaint,
  type HostPort,
  type Node,
  type Pod,
  type ResourceAmounts,
} from "#objects";
import type { Refusal } from "../pod/refusal.ts";
import type { Lacking } from "./preemption.ts";
import { sysctlRefusal } from "./sysctls.ts";

/** What the pods on a node have taken of it. */
export interface NodeUsage {
  readonly pods: number;
  readonly requested: ResourceAmounts;
  readonly ports: readonly HostPort[];
}

/**
 * Whether the node can take a pod that was assigned to it, however that came about (upstream
 * pkg/kubelet/lifecycle/predicate.go): the first thing that stands in the way, or nothing.
 */
export function refusalOf(pod: Pod, node: Node, usage: NodeUsage): Refusal | undefined {
  const os = pod.spec?.os?.name;
  if (os !== undefined && os !== node.status?.nodeInfo?.operatingSystem) {
    return { reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS" };
  }
  return (
    groupsRefusal(pod, node) ??
    sysctlRefusal(pod) ??
    insufficient(pod, amountsOf(node.status?.allocatable), usage) ??
    predicate("NodeAffinity", podAllowsNode(pod, node), "node(s) didn't match Pod's node affinity/selector") ??
    predicate(
      "NodePorts",
      !hostPorts(pod).some((port) => usage.ports.some((taken) => hostPortsConflict(port, taken))),
      "node(s) didn't have free ports for the requested pod ports",
    ) ??
    predicate(
      "TaintToleration",
      !untoleratedTaint(node.spec?.taints, pod.spec?.tolerations, ["NoExecute"]),
      "node(s) had taints that the pod didn't tolerate",
    )
  );
}

/** A runtime that does not know the policy would give the groups of the image's /etc/group all the same. */
function groupsRefusal({ spec }: Pod, { status }: Node): Refusal | undefined {
  if (spec?.securityContext?.supplementalGroupsPolicy !== "Strict") return undefined;
  if (status?.features?.supplementalGroupsPolicy) return undefined;
  return {
    reason: "SupplementalGroupsPolicyNotSupported",
    message: "SupplementalGroupsPolicy=Strict is not supported in this node",
  };
}

function predicate(name: string, holds: boolean, problem: string): Refusal | undefined {
  return holds ? undefined : { reason: name, message: `Predicate ${name} failed: ${problem}` };
}

function insufficient(pod: Pod, allocatable: ResourceAmounts, usage: NodeUsage): Refusal | undefined {
  for (const { resource, requested, used, capacity } of shortfalls(pod, allocatable, usage)) {
    return {
      reason: `OutOf${resource}`,
      message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
    };
  }
  return undefined;
}

/** How much of what a node lacks for a pod, by resource. */
export const lackingFor = (pod: Pod, node: Node, usage: NodeUsage): Lacking =>
  new Map(
    [...shortfalls(pod, amountsOf(node.status?.allocatable), usage)].map(({ resource, requested, used, capacity }) => [
      resource,
      requested - (capacity - used),
    ]),
  );

interface Shortfall {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

function* shortfalls(pod: Pod, allocatable: ResourceAmounts, usage: NodeUsage): Generator<Shortfall> {
  const requests = podRequests(pod);
  for (const resource of ["pods", "cpu", "memory", "ephemeral-storage", ...Object.keys(requests)]) {
    const requested = resource === "pods" ? 1 : (requests[resource] ?? 0);
    // What the node does not know may be a matter of the whole cluster.
    if (requested === 0 || (isExtendedResource(resource) && !(resource in allocatable))) continue;
    const used = resource === "pods" ? usage.pods : (usage.requested[resource] ?? 0);
    const capacity = allocatable[resource] ?? 0;
    if (requested > capacity - used) yield { resource, requested, used, capacity };
  }
}

/** Keeps count of what is taken. */
export interface UsageCounter {
  readonly usage: NodeUsage;
  add(pod: Pod): void;
  /** By uid; once is enough. */
  remove(uid: string): void;
}

/** Makes a {@link UsageCounter} of an empty node. */
export function createUsageCounter(): UsageCounter {
  const taken = new Map<string, { readonly requests: ResourceAmounts; readonly ports: readonly HostPort[] }>();
  const requested: { [resource: string]: number } = {};
  const count = (requests: ResourceAmounts, sign: 1 | -1) => {
    for (const resource in requests) requested[resource] = (requested[resource] ?? 0) + sign * requests[resource]!;
  };
  const counter: UsageCounter = {
    get usage() {
      return { pods: taken.size, requested, ports: [...taken.values()].flatMap(({ ports }) => ports) };
    },
    add(pod) {
      const { uid = "" } = pod.metadata;
      counter.remove(uid);
      const requests = podRequests(pod);
      taken.set(uid, { requests, ports: hostPorts(pod) });
      count(requests, 1);
    },
    remove(uid) {
      const entry = taken.get(uid);
      if (!entry) return;
      taken.delete(uid);
      count(entry.requests, -1);
    },
  };
  return counter;
}
