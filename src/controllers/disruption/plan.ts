import {
  type Int64,
  equalJson,
  formatTime,
  isPodReady,
  isPodTerminal,
  podCondition,
  scaledValue,
  withCondition,
  type Pod,
  type PodCondition,
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
} from "#objects";
import type { Plan } from "../framework/index.ts";
import { conditionOf } from "../framework/pod-condition.ts";
import { selectorText } from "../framework/selector-text.ts";

const DISRUPTION_TARGET = "DisruptionTarget";

/** An eviction that was allowed and not seen yet counts against the budget this long (upstream DeletionTimeout). */
const EVICTION_TIMEOUT_MS = 2 * 60_000;
/** A Pod that was to be disrupted and is not being deleted counts as spared after this long. */
const STALE_DISRUPTION_MS = 2 * 60_000;

/** How many pods the controller of a pod wants; or that nothing tells, and why. */
export type Scale = { readonly uid: string; readonly replicas: number } | { readonly problem: string };

export interface BudgetView {
  readonly budget: PodDisruptionBudget;
  /** The pods that the budget selects, each with the scale of its controller if it has one. */
  readonly pods: readonly { readonly pod: Pod; readonly scale: Scale | undefined }[];
}

export type BudgetStep =
  | { readonly type: "status"; readonly status: PodDisruptionBudgetStatus }
  | {
      readonly type: "event";
      readonly about: PodDisruptionBudget | Pod;
      readonly level: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    };

/** What a budget allows now, and what is to be said of it (upstream disruption controller: trySync). */
export function planBudget(view: BudgetView, now: number): Plan<BudgetStep> {
  const { budget } = view;
  const pods = view.pods.map(({ pod }) => pod);
  const events: BudgetStep[] = [];
  const addEvent = (about: PodDisruptionBudget | Pod, level: "Normal" | "Warning", reason: string, message: string) =>
    events.push({ type: "event", about, level, reason, message });
  if (pods.length === 0) addEvent(budget, "Normal", "NoPods", "No matching pods found");
  const expected = expectedPods(view);
  if ("problem" in expected) {
    const { problem } = expected;
    const message = `Failed to calculate the number of expected pods: ${problem}`;
    addEvent(budget, "Warning", "CalculateExpectedPodCountFailed", message);
    return finish(budget, events, failed(budget, problem, now), problem);
  }
  const { total, desired } = expected;
  if (expected.unmanaged) {
    const selector = selectorText(budget.spec?.selector);
    addEvent(
      budget,
      "Warning",
      "UnmanagedPods",
      `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
    );
  }
  const { live, late, requeueAt } = pendingEvictions(budget.status?.disruptedPods ?? {}, pods, now);
  const { namespace = "" } = budget.metadata;
  for (const pod of late) {
    // The namespace stands there twice, as upstream has it.
    addEvent(
      pod,
      "Warning",
      "NotDeleted",
      `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`,
    );
  }
  const healthy = pods.filter(
    (pod) => !pod.metadata.deletionTimestamp && !(pod.metadata.name! in live) && isPodReady(pod),
  ).length;
  const allowed = total <= 0 ? 0 : Math.max(0, healthy - desired);
  const observedGeneration = budget.metadata.generation ?? 0;
  const condition =
    allowed > 0 ? { status: "True", reason: "SufficientPods" } : { status: "False", reason: "InsufficientPods" };
  const status: PodDisruptionBudgetStatus = {
    conditions: conditionsWith(budget, { ...condition, message: "", observedGeneration }, now),
    currentHealthy: healthy,
    desiredHealthy: desired,
    ...(Object.keys(live).length > 0 ? { disruptedPods: live } : {}),
    disruptionsAllowed: allowed,
    expectedPods: total,
    observedGeneration,
  };
  return finish(budget, events, status, `${healthy} of ${total} pods are healthy, ${desired} must be`, requeueAt);
}

function finish(
  budget: PodDisruptionBudget,
  events: readonly BudgetStep[],
  status: PodDisruptionBudgetStatus,
  because: string,
  requeueAt?: number,
): Plan<BudgetStep> {
  const isCurrent = budget.status !== undefined && equalJson(budget.status, status);
  return {
    steps: isCurrent ? events : [...events, { type: "status", status }],
    because,
    ...(requeueAt === undefined ? {} : { requeueAt }),
  };
}

function conditionsWith(
  { status }: PodDisruptionBudget,
  condition: {
    readonly status: string;
    readonly reason: string;
    readonly message: string;
    readonly observedGeneration: Int64;
  },
  now: number,
) {
  const lastTransitionTime = formatTime(now);
  return withCondition(status?.conditions, { type: "DisruptionAllowed", ...condition, lastTransitionTime });
}

/** While nothing can be told, no disruption is allowed; all else stays (upstream failSafe). */
function failed(budget: PodDisruptionBudget, problem: string, now: number): PodDisruptionBudgetStatus {
  const { status } = budget;
  const observedGeneration = status?.observedGeneration ?? 0;
  const condition = { status: "False", reason: "SyncFailed", message: problem, observedGeneration };
  return {
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
    ...status,
    conditions: conditionsWith(budget, condition, now),
    disruptionsAllowed: 0,
  };
}

type Expected =
  | { readonly total: number; readonly desired: number; readonly unmanaged: boolean }
  | { readonly problem: string };

/** How many pods there should be, and how many of them must stay healthy; or why that cannot be told. */
function expectedPods({ budget, pods }: BudgetView): Expected {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable === undefined) {
    if (minAvailable === undefined) return { total: 0, desired: 0, unmanaged: false };
    if (typeof minAvailable === "number") return { total: pods.length, desired: minAvailable, unmanaged: false };
  }
  const scales = new Map<string, number>();
  for (const { scale } of pods) {
    if (!scale) continue;
    if ("problem" in scale) return scale;
    scales.set(scale.uid, scale.replicas);
  }
  const total = [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  const desired =
    maxUnavailable === undefined
      ? scaledValue(minAvailable!, total, true)
      : Math.max(0, total - scaledValue(maxUnavailable, total, true));
  return { total, desired, unmanaged: pods.some(({ scale }) => scale === undefined) };
}

/** The evictions that were allowed but whose pods are not being deleted yet, and the pods for which that took too long. */
function pendingEvictions(disrupted: Readonly<Record<string, string>>, pods: readonly Pod[], now: number) {
  const live: Record<string, string> = {};
  const late: Pod[] = [];
  let requeueAt: number | undefined;
  for (const pod of pods) {
    const { name = "", deletionTimestamp } = pod.metadata;
    const time = disrupted[name];
    if (time === undefined || deletionTimestamp) continue;
    const until = Date.parse(time) + EVICTION_TIMEOUT_MS;
    if (until < now) {
      late.push(pod);
      continue;
    }
    live[name] = time;
    requeueAt = Math.min(requeueAt ?? Infinity, Math.max(until, now + 1));
  }
  return { live, late, requeueAt };
}

export interface PodView {
  readonly pod: Pod;
  /** The names of the budgets that select it. */
  readonly budgets: readonly string[];
}

export type PodStep =
  /** Say that more than one budget selects the pod. */
  | { readonly type: "warn"; readonly reason: string; readonly message: string }
  /** Replace its conditions. */
  | { readonly type: "set-conditions"; readonly conditions: readonly PodCondition[] };

/**
 * What is to be said about a pod: that several budgets select it, and, when it was to be disrupted and is not being
 * deleted long after, that it is spared (upstream disruption controller: getPdbForPod, syncStalePodDisruption).
 */
export function planPod({ pod, budgets }: PodView, now: number): Plan<PodStep> {
  const { namespace, name } = pod.metadata;
  const steps: PodStep[] = [];
  const [first, ...others] = budgets.toSorted();
  if (others.length > 0) {
    const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${first}" arbitrarily.`;
    steps.push({ type: "warn", reason: "MultiplePodDisruptionBudgets", message });
  }
  const since = disruptedSince(pod);
  if (since === undefined) return { steps, because: "it is not to be disrupted, or is on its way out" };
  const requeueAt = since + STALE_DISRUPTION_MS;
  if (requeueAt > now) return { steps, requeueAt, because: "its deletion may still come" };
  const spared = conditionOf(pod, { type: DISRUPTION_TARGET, status: "False" }, now);
  const conditions = (pod.status?.conditions ?? []).map((one) => (one.type === DISRUPTION_TARGET ? spared : one));
  return {
    steps: [...steps, { type: "set-conditions", conditions }],
    because: "its deletion has not come in two minutes",
  };
}

/** Since when a pod is to be disrupted by something other than its kubelet, as long as it is not being deleted. */
export function disruptedSince(pod: Pod): number | undefined {
  const condition = podCondition(pod, DISRUPTION_TARGET);
  if (condition?.status !== "True" || condition.reason === "TerminationByKubelet") return undefined;
  if (pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return undefined;
  return Date.parse(condition.lastTransitionTime ?? "") || 0;
}
