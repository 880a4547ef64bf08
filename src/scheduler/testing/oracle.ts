import {
  amountsOf,
  compileLabelSelector,
  hostPorts,
  hostPortsConflict,
  podRequests,
  toleratesTaint,
  type Node,
  type Pod,
  type PodAffinityTerm,
  type TopologySpreadConstraint,
} from "#objects";

/** The rules of scheduling once more, by counting everything anew each time: to check the real ones against. */
export interface PlainWorld {
  readonly nodes: readonly Node[];
  readonly pods: readonly { readonly pod: Pod; readonly nodeName: string }[];
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

type Labels = Readonly<Record<string, string>> | undefined;
const labelsOf = ({ metadata }: Node | Pod): Labels => metadata.labels;
const REFUSING = ["NoSchedule", "NoExecute"];

/** Names the plugins that refuse to put the pod on the node. */
export function refusingPlugins(pod: Pod, node: Node, world: PlainWorld): readonly string[] {
  const rules: Readonly<Record<string, boolean>> = {
    NodeUnschedulable: !node.spec?.unschedulable || tolerates(pod, "node.kubernetes.io/unschedulable", ""),
    TaintToleration: toleratesAll(pod, node),
    NodeAffinity: Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => labelsOf(node)?.[key] === value),
    NodePorts: portsAreFree(pod, node, world),
    NodeResourcesFit: fits(pod, node, world),
    PodTopologySpread: (pod.spec?.topologySpreadConstraints ?? [])
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule")
      .every((constraint, _, all) => isSpread(pod, node, constraint, all, world)),
    InterPodAffinity: affinityHolds(pod, node, world),
  };
  return Object.keys(rules).filter((plugin) => !rules[plugin]);
}

const tolerates = (pod: Pod, key: string, value: string, effect = "NoSchedule") =>
  (pod.spec?.tolerations ?? []).some((toleration) => toleratesTaint(toleration, { key, value, effect }));

const toleratesAll = (pod: Pod, node: Node) =>
  (node.spec?.taints ?? [])
    .filter(({ effect }) => REFUSING.includes(effect))
    .every(({ key, value = "", effect }) => tolerates(pod, key, value, effect));

const podsOn = (node: Node, { pods }: PlainWorld) =>
  pods.filter(({ nodeName }) => nodeName === node.metadata.name).map(({ pod }) => pod);

const portsAreFree = (pod: Pod, node: Node, world: PlainWorld) =>
  podsOn(node, world).every((other) =>
    hostPorts(other).every((taken) => hostPorts(pod).every((port) => !hostPortsConflict(taken, port))),
  );

function fits(pod: Pod, node: Node, world: PlainWorld): boolean {
  const has = amountsOf(node.status?.allocatable);
  const others = podsOn(node, world);
  if (others.length >= (has["pods"] ?? 0)) return false;
  return Object.entries(podRequests(pod)).every(([name, asked]) => {
    const used = others.reduce((sum, other) => sum + (podRequests(other)[name] ?? 0), 0);
    return asked === 0 || used + asked <= (has[name] ?? 0);
  });
}

function isSpread(
  pod: Pod,
  node: Node,
  constraint: TopologySpreadConstraint,
  all: readonly TopologySpreadConstraint[],
  world: PlainWorld,
): boolean {
  const { topologyKey, maxSkew, minDomains = 1 } = constraint;
  const value = labelsOf(node)?.[topologyKey];
  if (value === undefined) return false;
  const selector = compileLabelSelector(constraint.labelSelector);
  const domains = new Map<string, number>();
  for (const one of world.nodes) {
    if (!all.every((other) => labelsOf(one)?.[other.topologyKey] !== undefined)) continue;
    if (constraint.nodeAffinityPolicy !== "Ignore") {
      const selected = Object.entries(pod.spec?.nodeSelector ?? {}).every(
        ([key, want]) => labelsOf(one)?.[key] === want,
      );
      if (!selected) continue;
    }
    if (constraint.nodeTaintsPolicy === "Honor" && !toleratesAll(pod, one)) continue;
    const matching = podsOn(one, world).filter(
      (other) =>
        other.metadata.namespace === pod.metadata.namespace &&
        other.metadata.deletionTimestamp === undefined &&
        selector.matches(labelsOf(other)),
    );
    const domain = labelsOf(one)?.[topologyKey] ?? "";
    domains.set(domain, (domains.get(domain) ?? 0) + matching.length);
  }
  const least = domains.size < minDomains || domains.size === 0 ? 0 : Math.min(...domains.values());
  const self = selector.matches(labelsOf(pod)) ? 1 : 0;
  return (domains.get(value) ?? 0) + self - least <= maxSkew;
}

function isAbout(holder: Pod, term: PodAffinityTerm, pod: Pod, { namespaces }: PlainWorld): boolean {
  const namespace = pod.metadata.namespace ?? "";
  const named = term.namespaces?.length
    ? term.namespaces.includes(namespace)
    : !term.namespaceSelector && namespace === holder.metadata.namespace;
  const selected =
    term.namespaceSelector && compileLabelSelector(term.namespaceSelector).matches(namespaces.get(namespace) ?? {});
  return Boolean(named || selected) && compileLabelSelector(term.labelSelector).matches(labelsOf(pod));
}

function affinityHolds(pod: Pod, node: Node, world: PlainWorld): boolean {
  const required = pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const anti = pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const byName = new Map(world.nodes.map((one) => [one.metadata.name ?? "", one]));
  const together = (key: string, nodeName: string) => {
    const here = labelsOf(node)?.[key];
    const other = byName.get(nodeName);
    return here !== undefined && other !== undefined && labelsOf(other)?.[key] === here;
  };
  const somewhere = (key: string, nodeName: string) => {
    const other = byName.get(nodeName);
    return other !== undefined && labelsOf(other)?.[key] !== undefined;
  };
  if (required.length > 0) {
    if (required.some(({ topologyKey }) => labelsOf(node)?.[topologyKey] === undefined)) return false;
    const wanted = world.pods.filter((other) => required.every((term) => isAbout(pod, term, other.pod, world)));
    const met = required.every(({ topologyKey }) => wanted.some(({ nodeName }) => together(topologyKey, nodeName)));
    const none = !wanted.some(({ nodeName }) => required.some(({ topologyKey }) => somewhere(topologyKey, nodeName)));
    const self = required.every((term) => isAbout(pod, term, pod, world));
    if (!met && !(none && self)) return false;
  }
  for (const other of world.pods) {
    if (anti.some((term) => isAbout(pod, term, other.pod, world) && together(term.topologyKey, other.nodeName))) {
      return false;
    }
    const theirs = other.pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    if (theirs.some((term) => isAbout(other.pod, term, pod, world) && together(term.topologyKey, other.nodeName))) {
      return false;
    }
  }
  return true;
}
