import {
  formatTime,
  isPodReady,
  isPodTerminal,
  scaledValue,
  withCondition,
  type Pod,
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
} from "#objects";

/** An eviction that was allowed and not seen yet counts against the budget this long (upstream DeletionTimeout). */
const EVICTION_TIMEOUT_MS = 2 * 60_000;

export interface BudgetView {
  readonly budget: PodDisruptionBudget;
  /** The pods that the budget selects. */
  readonly pods: readonly Pod[];
  /**
   * How many pods their controllers want, by the controller's uid; undefined for one that has no scale, and
   * missing for a pod without a controller.
   */
  readonly scales: ReadonlyMap<string, number | undefined>;
  readonly controllerUid: (pod: Pod) => string | undefined;
}

export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus;
  /** Look again then: an eviction that never came about is forgotten. */
  readonly requeueAt?: number;
  /** The Event to record, if the budget cannot be computed. */
  readonly problem?: string;
}

/** What a budget allows now (upstream disruption controller: trySync). */
export function planBudget(view: BudgetView, now: number): BudgetPlan {
  const { budget, pods } = view;
  const { status } = budget;
  const counted = pods.filter((pod) => !isPodTerminal(pod));
  const expected = expectedPods(view, counted);
  const { live, requeueAt } = pendingEvictions(status?.disruptedPods ?? {}, counted, now);
  const healthy = counted.filter(
    (pod) => !pod.metadata.deletionTimestamp && !(pod.metadata.name! in live) && isPodReady(pod),
  ).length;
  const problem = typeof expected === "string" ? expected : undefined;
  const { total, desired } = typeof expected === "string" ? { total: counted.length, desired: 0 } : expected;
  const allowed = problem !== undefined || total <= 0 ? 0 : Math.max(0, healthy - desired);
  const condition =
    problem !== undefined
      ? { type: "DisruptionAllowed", status: "False", reason: "SyncFailed", message: problem }
      : allowed > 0
        ? { type: "DisruptionAllowed", status: "True", reason: "SufficientPods", message: "" }
        : { type: "DisruptionAllowed", status: "False", reason: "InsufficientPods", message: "" };
  const observedGeneration = budget.metadata.generation ?? 0;
  return {
    status: {
      conditions: withCondition(status?.conditions, {
        ...condition,
        observedGeneration,
        lastTransitionTime: formatTime(now),
      }),
      currentHealthy: healthy,
      desiredHealthy: desired,
      ...(Object.keys(live).length > 0 ? { disruptedPods: live } : {}),
      disruptionsAllowed: allowed,
      expectedPods: total,
      observedGeneration,
    },
    ...(requeueAt === undefined ? {} : { requeueAt }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** How many pods there should be, and how many of them must stay healthy; or why that cannot be told. */
function expectedPods(
  { budget, scales, controllerUid }: BudgetView,
  pods: readonly Pod[],
): { readonly total: number; readonly desired: number } | string {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable !== undefined) {
    const total = wanted(pods, scales, controllerUid);
    if (typeof total === "string") return total;
    return { total, desired: Math.max(0, total - scaledValue(maxUnavailable, total, true)) };
  }
  if (minAvailable === undefined) return { total: pods.length, desired: 0 };
  if (typeof minAvailable === "number") return { total: pods.length, desired: minAvailable };
  const total = wanted(pods, scales, controllerUid);
  return typeof total === "string" ? total : { total, desired: scaledValue(minAvailable, total, true) };
}

function wanted(
  pods: readonly Pod[],
  scales: BudgetView["scales"],
  controllerUid: BudgetView["controllerUid"],
): number | string {
  const seen = new Map<string, number>();
  for (const pod of pods) {
    const uid = controllerUid(pod);
    // Percentages mean nothing for pods that nobody keeps a number of.
    if (uid === undefined) continue;
    const scale = scales.get(uid);
    if (scale === undefined) return `found no controllers with a scale for pod ${JSON.stringify(pod.metadata.name)}`;
    seen.set(uid, scale);
  }
  return [...seen.values()].reduce((sum, scale) => sum + scale, 0);
}

/** The evictions that were allowed but whose pods are not being deleted yet; those that waited too long are dropped. */
function pendingEvictions(disrupted: Readonly<Record<string, string>>, pods: readonly Pod[], now: number) {
  const live: Record<string, string> = {};
  let requeueAt: number | undefined;
  for (const [name, time] of Object.entries(disrupted)) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    const until = Date.parse(time) + EVICTION_TIMEOUT_MS;
    if (!pod || pod.metadata.deletionTimestamp || until <= now) continue;
    live[name] = time;
    requeueAt = Math.min(requeueAt ?? until, until);
  }
  return { live, requeueAt };
}
