import { compileNodeSelector, untoleratedTaint, type Node, type PodTemplateSpec, type Toleration } from "#objects";

/** What a node has to do with a DaemonSet. */
export interface Placement {
  /** A pod belongs there: one is made if there is none. */
  readonly shouldRun: boolean;
  /** A pod that is there may stay. */
  readonly mayStay: boolean;
}

const WANTED: Placement = { shouldRun: true, mayStay: true };
const TOLERATED: Placement = { shouldRun: false, mayStay: true };
const UNWANTED: Placement = { shouldRun: false, mayStay: false };

/** Nodes in trouble, and cordoned ones, keep their daemons (upstream AddOrUpdateDaemonPodTolerations). */
const TOLERATED_TAINTS: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];
/** With the node's own network a pod is what may bring the network up. */
const NETWORK_UNAVAILABLE: Toleration = {
  key: "node.kubernetes.io/network-unavailable",
  operator: "Exists",
  effect: "NoSchedule",
};

/**
 * The tolerations of the template, and those that every daemon has. One of the template for the same taint gives way: it
 * may be limited to some seconds.
 */
export function daemonTolerations({ spec }: PodTemplateSpec): readonly Toleration[] {
  const automatic = spec?.hostNetwork ? [...TOLERATED_TAINTS, NETWORK_UNAVAILABLE] : TOLERATED_TAINTS;
  const isSame = (a: Toleration, b: Toleration) =>
    a.key === b.key && a.operator === b.operator && a.effect === b.effect && (a.value ?? "") === (b.value ?? "");
  const own = (spec?.tolerations ?? []).map((one) => automatic.find((other) => isSame(one, other)) ?? one);
  return [...own, ...automatic.filter((one) => !own.includes(one))];
}

const compiled = new WeakMap<PodTemplateSpec, (node: Node) => Placement>();

/**
 * Where the pods of a template belong, as a test for many nodes (upstream NodeShouldRunDaemonPod): by the node's name, its
 * labels, and the taints that no pod of it tolerates. Templates of stored objects are frozen: each is compiled once.
 */
export function placementOf(template: PodTemplateSpec): (node: Node) => Placement {
  let place = compiled.get(template);
  if (!place) {
    place = compile(template);
    if (Object.isFrozen(template)) compiled.set(template, place);
  }
  return place;
}

function compile(template: PodTemplateSpec): (node: Node) => Placement {
  const { nodeName, nodeSelector, affinity } = template.spec ?? {};
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const inTerms = required && compileNodeSelector(required);
  const pairs = Object.entries(nodeSelector ?? {});
  const tolerations = daemonTolerations(template);
  return (node) => {
    const { name, labels } = node.metadata;
    if (nodeName && nodeName !== name) return UNWANTED;
    for (const [key, value] of pairs) if (labels?.[key] !== value) return UNWANTED;
    if (inTerms && !inTerms(node)) return UNWANTED;
    const { taints } = node.spec ?? {};
    if (!taints || !untoleratedTaint(taints, tolerations, ["NoSchedule", "NoExecute"])) return WANTED;
    return untoleratedTaint(taints, tolerations, ["NoExecute"]) ? UNWANTED : TOLERATED;
  };
}
