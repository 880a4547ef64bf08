import { isPodActive, podCondition, type DaemonSet, type Node, type Pod } from "#objects";
import type { Truth } from "../truth.ts";
import { named, type Invariant } from "./invariant.ts";

/** The node that a daemon Pod is on or is made for. */
export const nodeOf = ({ spec }: Pod): string =>
  spec?.nodeName ??
  spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]
    ?.values?.[0] ??
  "";

export const controllerUid = ({ metadata }: Pod) => metadata.ownerReferences?.find(({ controller }) => controller)?.uid;

export interface DaemonOptions {
  /** Nothing takes Pods away but the rollout itself: then it must keep enough of them available. */
  readonly calm: boolean;
  /** Requests of the controllers, so far, whose answers were lost: such a request may have made a Pod that its controller does not see yet. */
  readonly unanswered?: () => number;
}

interface Watched {
  /** The set has had its Pods on all nodes since it was created. */
  complete: boolean;
  /** What {@link DaemonOptions.unanswered} was when it last had, or was created. */
  unanswered: number;
}

/**
 * A set never has more than one live Pod on a node, or two with surge; and an update takes no more Pods away than
 * maxUnavailable allows where nothing else does.
 */
export function daemonsAreAlone({ calm, unanswered = () => 0 }: DaemonOptions): Invariant {
  const watched = new Map<string, Watched>();

  const onSet = ({ metadata, status }: DaemonSet): undefined => {
    const known = watched.get(metadata.uid ?? "") ?? { complete: false, unanswered: unanswered() };
    watched.set(metadata.uid ?? "", known);
    const wanted = status?.desiredNumberScheduled ?? 0;
    if (status?.observedGeneration !== metadata.generation || wanted === 0) return undefined;
    if (status?.numberAvailable !== wanted || status.updatedNumberScheduled !== wanted) return undefined;
    known.complete = true;
    known.unanswered = unanswered();
    return undefined;
  };

  const knownSet = (pod: Pod, truth: Truth) => {
    const uid = controllerUid(pod);
    const known = watched.get(uid ?? "");
    if (!known || unanswered() > known.unanswered) return undefined;
    const set = truth.of<DaemonSet>("DaemonSet").find(({ metadata }) => metadata.uid === uid);
    return set && { set, known };
  };
  const podsOf = ({ metadata }: DaemonSet, truth: Truth) =>
    truth.of<Pod>("Pod").filter((pod) => controllerUid(pod) === metadata.uid);

  const onNewPod = (pod: Pod, truth: Truth): string | undefined => {
    const { set } = knownSet(pod, truth) ?? {};
    if (!set) return undefined;
    const node = nodeOf(pod);
    const live = podsOf(set, truth).filter((other) => isPodActive(other) && nodeOf(other) === node).length;
    const most = set.spec?.updateStrategy?.rollingUpdate?.maxSurge ? 2 : 1;
    return live > most
      ? `DaemonSet ${named(set)} has ${live} live Pods on ${node}, at most ${most} are allowed`
      : undefined;
  };

  const onPod = (before: Pod, after: Pod | undefined, truth: Truth): string | undefined => {
    if (!calm || !isAvailable(before) || (after && isAvailable(after))) return undefined;
    const { set, known } = knownSet(before, truth) ?? {};
    if (!set || !known?.complete || set.metadata.deletionTimestamp) return undefined;
    const { maxUnavailable = 1, maxSurge = 0 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
    const desired = truth.of<Node>("Node").filter((node) => isWanted(set, node)).length;
    const share = maxUnavailable === 0 && maxSurge === 0 ? 1 : maxUnavailable;
    const allowed = typeof share === "number" ? share : Math.ceil((Number.parseInt(share, 10) * desired) / 100);
    const served = new Set(podsOf(set, truth).filter(isAvailable).map(nodeOf)).size;
    return served < desired - allowed
      ? `DaemonSet ${named(set)} serves on ${served} of ${desired} nodes, ${allowed} may go without`
      : undefined;
  };

  return {
    name: "a DaemonSet has one Pod on a node",
    check({ kind, before, after }, truth) {
      if (kind === "DaemonSet" && after) return onSet(after as DaemonSet);
      if (kind === "Pod" && after && !before) return onNewPod(after as Pod, truth);
      if (kind === "Pod" && before) return onPod(before as Pod, after as Pod | undefined, truth);
      return undefined;
    },
  };
}

const isAvailable = (pod: Pod) =>
  pod.metadata.deletionTimestamp === undefined && podCondition(pod, "Ready")?.status === "True";

/** Whether the set's node selector takes the node: the users of the simulator state nothing else. */
export function isWanted({ spec }: DaemonSet, { metadata }: Node): boolean {
  const { nodeSelector = {} } = spec?.template.spec ?? {};
  return Object.entries(nodeSelector).every(([label, value]) => metadata.labels?.[label] === value);
}
