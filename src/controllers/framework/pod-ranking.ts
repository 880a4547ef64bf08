import { containerStatuses, isPodAvailable, isPodReady, podCondition, type Pod } from "#objects";

/** A pod that may be deleted, with what its rank depends on beside itself. */
interface Ranked {
  readonly pod: Pod;
  /** How many pods of the same group run on its node. */
  readonly neighbours: number;
}

/** Annotation: pods of lower cost are deleted first (KEP-2255). */
const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * The pods in the order in which a scale-down deletes them (upstream ActivePodsWithRanks): unassigned,
 * pending, not ready, cheaper to delete, doubled up on a node, ready for a shorter time, restarted more,
 * younger ones first. `related` are the pods of all ReplicaSets of the same owner: they count as doubling up.
 *
 * With `minReadySeconds`, ready pods that are not available yet go before available ones. Upstream does not look
 * at that, and a scale-down there can take available pods and keep others, below what a rollout may do.
 */
export function inDeletionOrder(
  pods: readonly Pod[],
  related: readonly Pod[],
  now: number,
  minReadySeconds = 0,
): readonly Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName;
    if (node) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  return pods
    .map((pod): Ranked => ({ pod, neighbours: onNode.get(pod.spec?.nodeName ?? "") ?? 0 }))
    .sort((a, b) => compare(a, b, now, minReadySeconds))
    .map(({ pod }) => pod);
}

function compare(a: Ranked, b: Ranked, now: number, minReadySeconds: number): number {
  return (
    Number(Boolean(a.pod.spec?.nodeName)) - Number(Boolean(b.pod.spec?.nodeName)) ||
    phaseRank(a.pod) - phaseRank(b.pod) ||
    Number(isPodReady(a.pod)) - Number(isPodReady(b.pod)) ||
    Number(isPodAvailable(a.pod, minReadySeconds, now)) - Number(isPodAvailable(b.pod, minReadySeconds, now)) ||
    deletionCost(a.pod) - deletionCost(b.pod) ||
    b.neighbours - a.neighbours ||
    byReadyTime(a.pod, b.pod, now) ||
    restarts(b.pod) - restarts(a.pod) ||
    byAge(timeOf(a.pod.metadata.creationTimestamp), timeOf(b.pod.metadata.creationTimestamp), now)
  );
}

const phaseRank = (pod: Pod) => PHASE_RANK[pod.status?.phase ?? ""] ?? 0;

/** The cost, 0 when absent or not a whole number of 32 bits without superfluous signs or zeros. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST];
  if (text === undefined || !/^(0|-?[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

function byReadyTime(a: Pod, b: Pod, now: number): number {
  if (!isPodReady(a) || !isPodReady(b)) return 0;
  return byAge(readySince(a), readySince(b), now);
}

const readySince = (pod: Pod) => timeOf(podCondition(pod, "Ready")?.lastTransitionTime);
const timeOf = (timestamp: string | undefined) => (timestamp === undefined ? undefined : Date.parse(timestamp));

/**
 * Younger first, but only when the ages differ in their order of magnitude (base 2): so which of several pods
 * of about the same age goes is not determined by it (upstream LogarithmicScaleDown). Unknown times come first.
 */
function byAge(a: number | undefined, b: number | undefined, now: number): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const rankA = magnitude(now - a);
  const rankB = magnitude(now - b);
  return rankA - rankB;
}

/** log2 of an age in nanoseconds, rounded down; -1 for none, as upstream. */
const magnitude = (ageMs: number) => (ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1);

function restarts(pod: Pod): number {
  let most = 0;
  for (const status of containerStatuses(pod)) most = Math.max(most, status.restartCount);
  return most;
}
