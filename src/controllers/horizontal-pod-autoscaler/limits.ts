/** How fast and how far a number of pods may follow its metrics (upstream podautoscaler: horizontal.go, normalize…). */
import type { V2HorizontalPodAutoscalerBehavior, V2HPAScalingRules } from "#objects";

/** What is remembered of an autoscaler while the controller runs. */
export interface Memory {
  /** What the metrics asked for. */
  readonly recommendations: readonly { readonly replicas: number; readonly time: number }[];
  readonly scaleUps: readonly ScaleEvent[];
  readonly scaleDowns: readonly ScaleEvent[];
}

/** That pods were added or taken away. */
export interface ScaleEvent {
  /** Above zero. */
  readonly change: number;
  readonly time: number;
}

export interface Wish {
  readonly current: number;
  /** What the metrics ask for. */
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly behavior: V2HorizontalPodAutoscalerBehavior | undefined;
  readonly memory: Memory;
  readonly now: number;
}

/** What becomes of a wish, and what the conditions AbleToScale and ScalingLimited say of it. */
export interface Limited {
  readonly replicas: number;
  readonly able: Told;
  readonly limited: Told & { readonly status: "True" | "False" };
  readonly recommendations: Memory["recommendations"];
}

export interface Told {
  readonly reason: string;
  readonly message: string;
}

/** How long the highest wish holds before pods are taken away, unless the autoscaler says otherwise. */
const SCALE_DOWN_WINDOW_SECONDS = 300;
/** Without rules of its own, an autoscaler doubles the pods at most, or makes so many. */
const LEAST_LIMIT = 4;

const READY: Told = { reason: "ReadyForNewScale", message: "recommended size matches current size" };
const WITHIN: Told = { reason: "DesiredWithinRange", message: "the desired count is within the acceptable range" };
const TOO_FEW: Told = {
  reason: "TooFewReplicas",
  message: "the desired replica count is less than the minimum replica count",
};
const TOO_MANY: Told = {
  reason: "TooManyReplicas",
  message: "the desired replica count is more than the maximum replica count",
};
const UP_LIMIT: Told = {
  reason: "ScaleUpLimit",
  message: "the desired replica count is increasing faster than the maximum scale rate",
};
const DOWN_LIMIT: Told = {
  reason: "ScaleDownLimit",
  message: "the desired replica count is decreasing faster than the maximum scale rate",
};
const DOWN_STABILIZED: Told = {
  reason: "ScaleDownStabilized",
  message: "recent recommendations were higher than current one, applying the highest recent recommendation",
};
const UP_STABILIZED: Told = {
  reason: "ScaleUpStabilized",
  message: "recent recommendations were lower than current one, applying the lowest recent recommendation",
};

/** Holds a wish to what was wished before, to the rates and to the bounds. */
export function limitWish(wish: Wish): Limited {
  const { desired } = wish;
  const stable = stabilize(wish);
  const able = stable.replicas === desired ? READY : stable.told;
  const bounded = wish.behavior
    ? boundByRules({ ...wish, desired: stable.replicas }, wish.behavior)
    : boundByDefault({ ...wish, desired: stable.replicas });
  const limited = { ...bounded.told, status: bounded.replicas === stable.replicas ? "False" : "True" } as const;
  return { replicas: bounded.replicas, able, limited, recommendations: stable.recommendations };
}

interface Bounded {
  readonly replicas: number;
  readonly told: Told;
}

const secondsOf = (rules: V2HPAScalingRules | undefined, otherwise: number): number =>
  rules?.stabilizationWindowSeconds ?? otherwise;

/** Growing follows the lowest wish of the one window, shrinking the highest of the other. */
function stabilize({ current, desired, behavior, memory, now }: Wish) {
  const downMs = secondsOf(behavior?.scaleDown, SCALE_DOWN_WINDOW_SECONDS) * 1000;
  const upMs = secondsOf(behavior?.scaleUp, 0) * 1000;
  // A wish that is as old as the window counts without rules, and does not with them.
  const isIn = (time: number, ms: number) => (behavior ? time > now - ms : time >= now - ms);
  let highest = desired;
  let lowest = desired;
  for (const { replicas, time } of memory.recommendations) {
    if (isIn(time, downMs)) highest = Math.max(highest, replicas);
    if (behavior && isIn(time, upMs)) lowest = Math.min(lowest, replicas);
  }
  const replicas = behavior ? Math.min(Math.max(current, lowest), highest) : highest;
  const recommendations = [
    ...memory.recommendations.filter(({ time }) => time >= now - Math.max(downMs, upMs)),
    { replicas: desired, time: now },
  ];
  return { replicas, told: behavior && desired >= current ? UP_STABILIZED : DOWN_STABILIZED, recommendations };
}

function boundByDefault({ current, desired, min, max }: Wish): Bounded {
  const limit = Math.max(2 * current, LEAST_LIMIT);
  if (desired < min) return { replicas: min, told: TOO_FEW };
  if (desired <= Math.min(max, limit)) return { replicas: desired, told: WITHIN };
  return max > limit ? { replicas: limit, told: UP_LIMIT } : { replicas: max, told: TOO_MANY };
}

function boundByRules(wish: Wish, { scaleUp, scaleDown }: V2HorizontalPodAutoscalerBehavior): Bounded {
  const { current, desired, min, max } = wish;
  if (desired > current) {
    const limit = Math.max(current, upLimit(wish, scaleUp));
    const most = Math.min(max, limit);
    if (desired > most) return { replicas: most, told: max > limit ? UP_LIMIT : TOO_MANY };
  } else if (desired < current) {
    const limit = Math.min(current, downLimit(wish, scaleDown));
    const least = Math.max(min, limit);
    if (desired < least) return { replicas: least, told: min < limit ? DOWN_LIMIT : TOO_FEW };
  }
  return { replicas: desired, told: WITHIN };
}

/** How many pods the rules allow at most by now. */
function upLimit(wish: Wish, rules: V2HPAScalingRules | undefined): number {
  if (rules?.selectPolicy === "Disabled") return wish.current;
  const proposals = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const before = replicasBefore(wish, periodSeconds);
    return type === "Pods" ? before + value : Math.ceil(before * (1 + value / 100));
  });
  return rules?.selectPolicy === "Min" ? Math.min(...proposals) : Math.max(...proposals);
}

/** How many pods the rules leave at least by now. */
function downLimit(wish: Wish, rules: V2HPAScalingRules | undefined): number {
  if (rules?.selectPolicy === "Disabled") return wish.current;
  const proposals = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const before = replicasBefore(wish, periodSeconds);
    return type === "Pods" ? before - value : Math.trunc(before * (1 - value / 100));
  });
  return rules?.selectPolicy === "Min" ? Math.max(...proposals) : Math.min(...proposals);
}

/** How many pods there were when the period began. */
function replicasBefore({ current, memory, now }: Wish, periodSeconds: number): number {
  const changed = (events: readonly ScaleEvent[]) =>
    events.reduce((sum, { change, time }) => (time > now - periodSeconds * 1000 ? sum + change : sum), 0);
  return current - changed(memory.scaleUps) + changed(memory.scaleDowns);
}

/** What is to be remembered once the pods are as many as wished. Only rules look at it. */
export function withScaleEvent(
  memory: Memory,
  { from, to }: { readonly from: number; readonly to: number },
  behavior: V2HorizontalPodAutoscalerBehavior | undefined,
  now: number,
): Memory {
  if (!behavior) return memory;
  const both = [...(behavior.scaleUp?.policies ?? []), ...(behavior.scaleDown?.policies ?? [])];
  const longest = Math.max(0, ...both.map(({ periodSeconds }) => periodSeconds)) * 1000;
  const recent = (events: readonly ScaleEvent[]) => events.filter(({ time }) => time >= now - longest);
  const event = { change: Math.abs(to - from), time: now };
  return {
    ...memory,
    scaleUps: [...recent(memory.scaleUps), ...(to > from ? [event] : [])],
    scaleDowns: [...recent(memory.scaleDowns), ...(to < from ? [event] : [])],
  };
}
