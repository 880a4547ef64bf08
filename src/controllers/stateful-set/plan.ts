import { isPodTerminal, type New, type Pod, type StatefulSet, type StatefulSetStatus } from "#objects";
import type { Plan } from "../framework/index.ts";
import { claimWork, isIdle, isStale, type Claimant, type ClaimWork } from "./claims.ts";
import { firstOrdinal, isOrdered, isWanted, newPod, ordinalOf, podName, repaired, replicasOf } from "./identity.ts";
import { availableIn, isCurrent, isRunningAndReady, isTerminating, isUnavailable, statusOf } from "./status.ts";
import { outdatedPods, versionFor } from "./update.ts";
import type { StatefulSetView } from "./view.ts";

/** A pod to be started, after its claims. */
export interface Start {
  readonly pod: New<Pod>;
  readonly claims: ClaimWork;
}

export type StatefulSetStep =
  | { readonly type: "keep-claims"; readonly pod: string; readonly claims: ClaimWork }
  | { readonly type: "start"; readonly starts: readonly Start[] }
  | { readonly type: "stop"; readonly pods: readonly Pod[] }
  | { readonly type: "repair"; readonly pod: Pod }
  | { readonly type: "update-status"; readonly status: StatefulSetStatus };

/** Pods started in one sync at most. */
export const BURST_REPLICAS = 500;

/** The ordinals that are to have a pod and have none: the first of them, as many as one sync may start. */
export function ordinalsToStart(set: StatefulSet, pods: readonly Pod[]): readonly number[] {
  const most = isOrdered(set) ? 1 : BURST_REPLICAS;
  const taken = new Set(pods.map(ordinalOf));
  const found: number[] = [];
  const end = firstOrdinal(set) + replicasOf(set);
  for (let ordinal = firstOrdinal(set); ordinal < end && found.length < most; ordinal++) {
    if (!taken.has(ordinal)) found.push(ordinal);
  }
  return found;
}

interface Decision {
  readonly steps: readonly StatefulSetStep[];
  /** Pods that are stopped to be brought up to date. */
  readonly outdated?: readonly Pod[];
  readonly because: string;
}

/** What brings the pods nearer to what the set says, and its status. `now` in milliseconds since the epoch. */
export function planStatefulSet(view: StatefulSetView, now: number): Plan<StatefulSetStep> {
  const { set, pods, current, update, collisionCount } = view;
  const { steps, outdated = [], because } = decide(view, now);
  const status = statusOf({ set, pods, current: current.name, update: update.name, collisionCount, outdated }, now);
  const waits = pods.map((pod) => availableIn(set, pod, now) ?? 0).filter((ms) => ms > 0);
  return {
    steps: isCurrent(set, status) ? steps : [...steps, { type: "update-status", status }],
    because,
    ...(waits.length > 0 ? { requeueAt: now + Math.min(...waits) } : {}),
  };
}

function decide(view: StatefulSetView, now: number): Decision {
  const { set } = view;
  if (set.metadata.deletionTimestamp !== undefined) return { steps: [], because: "it is being deleted" };
  const wanted: Pod[] = [];
  const condemned: Pod[] = [];
  for (const pod of view.pods) (isWanted(set, ordinalOf(pod)) ? wanted : condemned).push(pod);
  wanted.sort((a, b) => ordinalOf(a) - ordinalOf(b));
  condemned.sort((a, b) => ordinalOf(b) - ordinalOf(a));
  return (isOrdered(set) ? decideInOrder : decideAtOnce)(view, wanted, condemned, now);
}

/** OrderedReady: one thing at a time, and nothing while a pod of a lower ordinal is not available. */
function decideInOrder(
  view: StatefulSetView,
  wanted: readonly Pod[],
  condemned: readonly Pod[],
  now: number,
): Decision {
  const { set } = view;
  const steps: StatefulSetStep[] = [];
  const wait = (because: string): Decision => ({ steps, because });
  const missing = ordinalsToStart(set, view.pods)[0] ?? Infinity;
  for (const pod of wanted) {
    if (ordinalOf(pod) > missing) break;
    const name = pod.metadata.name ?? "";
    if (isPodTerminal(pod)) {
      if (!isTerminating(pod)) steps.push({ type: "stop", pods: [pod] });
      return wait(`${name} has come to its end and makes room for a new one`);
    }
    if (isPending(pod)) steps.push(...claimSteps(view, pod));
    if (isTerminating(pod)) return wait(`${name} is terminating`);
    if (!isRunningAndReady(pod)) return wait(`${name} is not running and ready`);
    if (isUnavailable(set, pod, now)) return wait(`${name} is not available yet`);
    steps.push(...repairSteps(view, pod));
  }
  if (missing !== Infinity) {
    const start = startOf(view, missing);
    if (!start) return wait(`the old claims of ${podName(set, missing)} are not gone yet`);
    return { steps: [...steps, { type: "start", starts: [start] }], because: `${podName(set, missing)} is missing` };
  }
  for (const pod of condemned) steps.push(...claimSteps(view, pod));
  const [last] = condemned;
  if (last) return { steps: [...steps, ...scaleDown(set, last, condemned, now)], ...tellScaleDown(last) };
  return withUpdate(view, wanted, steps, now);
}

/** The pod of the highest ordinal goes, unless it is not available and another one of a lower ordinal is not either. */
function scaleDown(set: StatefulSet, last: Pod, condemned: readonly Pod[], now: number): StatefulSetStep[] {
  const firstUnavailable = condemned.findLast((pod) => isUnavailable(set, pod, now));
  if (isTerminating(last) || (isUnavailable(set, last, now) && last !== firstUnavailable)) return [];
  return [{ type: "stop", pods: [last] }];
}

const tellScaleDown = ({ metadata }: Pod) => ({ because: `${metadata.name} is one too many` });

/** Parallel: everything at once. */
function decideAtOnce(view: StatefulSetView, wanted: readonly Pod[], condemned: readonly Pod[], now: number): Decision {
  const { set } = view;
  const steps: StatefulSetStep[] = [];
  const ended = wanted.filter((pod) => isPodTerminal(pod) && !isTerminating(pod));
  for (const pod of wanted) {
    if (isPodTerminal(pod)) continue;
    if (isPending(pod)) steps.push(...claimSteps(view, pod));
    else if (!isTerminating(pod)) steps.push(...repairSteps(view, pod));
  }
  const missing = ordinalsToStart(set, view.pods);
  const starts = missing.flatMap((ordinal) => startOf(view, ordinal) ?? []);
  if (starts.length > 0) steps.push({ type: "start", starts });
  for (const pod of condemned) steps.push(...claimSteps(view, pod));
  const stops = [...ended, ...condemned.filter((pod) => !isTerminating(pod))];
  if (stops.length > 0) steps.push({ type: "stop", pods: stops });
  if (ended.length > 0) return { steps, because: `${ended.length} pods have come to their end` };
  return withUpdate(view, wanted, steps, now);
}

function withUpdate(
  view: StatefulSetView,
  wanted: readonly Pod[],
  steps: readonly StatefulSetStep[],
  now: number,
): Decision {
  const { pods: outdated, because } = outdatedPods(view, wanted, now);
  return {
    steps: outdated.length === 0 ? steps : [...steps, { type: "stop", pods: outdated }],
    outdated,
    because: `${wanted.length} of ${replicasOf(view.set)} pods, ${because}`,
  };
}

const isPending = ({ status }: Pod) => status?.phase === "Pending";
const claimantOf = (pod: Pod): Claimant => ({ ordinal: ordinalOf(pod), uid: pod.metadata.uid ?? "" });

/** The pod's claims: those that are missing made, and owned as the retention policy says. */
function claimSteps({ set, claims }: StatefulSetView, pod: Pod): StatefulSetStep[] {
  const work = claimWork(set, claimantOf(pod), claims);
  // A pod that is on its way out needs no new claims.
  const due = isWanted(set, ordinalOf(pod)) && !isTerminating(pod) ? work : { ...work, make: [] };
  return isIdle(due) ? [] : [{ type: "keep-claims", pod: pod.metadata.name ?? "", claims: due }];
}

function repairSteps(view: StatefulSetView, pod: Pod): StatefulSetStep[] {
  const { set, claims } = view;
  const better = repaired(set, pod);
  // The claims of a pod that runs are there; one that is missing was deleted by a user, and would not come back mounted.
  const work = { ...claimWork(set, claimantOf(pod), claims), ...(better ? {} : { make: [] }) };
  return [
    ...(isIdle(work) ? [] : [{ type: "keep-claims", pod: pod.metadata.name ?? "", claims: work } as const]),
    ...(better ? [{ type: "repair", pod: better } as const] : []),
  ];
}

/** The pod of an ordinal with its claims; undefined while claims of a former pod are on their way out. */
function startOf(view: StatefulSetView, ordinal: number): Start | undefined {
  const { set, claims } = view;
  if (isStale(set, ordinal, claims)) return undefined;
  return {
    pod: newPod(set, versionFor(view, ordinal), ordinal),
    claims: claimWork(set, { ordinal, uid: "" }, claims),
  };
}
