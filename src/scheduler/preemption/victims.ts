import { prepareFilters, type NodeTest } from "../decide.ts";
import type { PodInfo } from "../model/pod-info.ts";
import type { Plugins } from "../plugins/default-plugins.ts";
import type { Refusal } from "../plugins/plugin.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { testWithNominated, type Nominations } from "./nominations.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { splitByBudget, type Budget } from "./budgets.ts";

/** A node that would take the pod if the victims were gone. */
export interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  /** How many of them a disruption budget protects. */
  readonly violations: number;
}

export interface PreemptionView {
  readonly snapshot: Snapshot;
  readonly plugins: Plugins;
  readonly nominations: Nominations;
  readonly budgets: readonly Budget[];
}

export const NO_VICTIMS: Refusal = {
  plugin: "DefaultPreemption",
  reasons: ["No preemption victims found for incoming pod"],
  resolvable: false,
};

/** Higher priority first, then the pod that has run longer (upstream util.MoreImportantPod). */
function byImportance(a: PodInfo, b: PodInfo): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  const [first, second] = [startTime(a), startTime(b)];
  return first === second ? 0 : first < second ? -1 : 1;
}

/** When the pod was started, in milliseconds since the epoch; one that was not yet is the youngest. */
function startTime({ pod }: PodInfo): number {
  const started = pod.status?.startTime;
  return started === undefined ? Infinity : Date.parse(started);
}

/**
 * The fewest and least important pods that have to leave the node for the pod to fit: all of lower priority are
 * taken off, then put back one after the other, protected and important ones first, as long as the pod still
 * fits (upstream SelectVictimsOnNode). Leaves the snapshot as it was.
 */
export function selectVictims(pod: PodInfo, node: NodeInfo, view: PreemptionView): Candidate | Refusal {
  const { snapshot, plugins, nominations, budgets } = view;
  const lower = [...node.pods.values()].filter(({ priority }) => priority < pod.priority);
  if (lower.length === 0) return NO_VICTIMS;
  const ahead = nominations.ahead(pod, node.name);
  // Filters remember what they saw when they were made ready: they are, again, after every change.
  const test: NodeTest = (at) => {
    const prepared = prepareFilters(pod, snapshot, plugins);
    const refusal = "refusal" in prepared ? prepared.refusal : prepared.test(at);
    return refusal ?? (ahead.length > 0 ? testWithNominated(pod, at, ahead, snapshot, plugins) : undefined);
  };

  for (const { uid } of lower) snapshot.removePod(uid);
  const off = new Set(lower);
  try {
    const refusal = test(node);
    if (refusal) return refusal;
    const victims: PodInfo[] = [];
    const reprieve = (one: PodInfo): boolean => {
      snapshot.setPod(one, node.name);
      if (!test(node)) {
        off.delete(one);
        return true;
      }
      snapshot.removePod(one.uid);
      victims.push(one);
      return false;
    };
    const { violating, free } = splitByBudget(lower.toSorted(byImportance), budgets);
    const violations = violating.filter((one) => !reprieve(one)).length;
    for (const one of free) reprieve(one);
    return { node, victims: victims.toSorted(byImportance), violations };
  } finally {
    for (const one of off) snapshot.setPod(one, node.name);
  }
}

export const isCandidate = (result: Candidate | Refusal): result is Candidate => "victims" in result;

/**
 * The candidate that does the least harm: fewest protected victims, then the least important most important
 * victim, the lowest sum of priorities, the fewest victims, the youngest of the most important ones (upstream
 * pickOneNodeForPreemption).
 */
export function leastHarm(candidates: readonly Candidate[]): Candidate | undefined {
  const measures: readonly ((candidate: Candidate) => number)[] = [
    ({ violations }) => violations,
    ({ victims }) => victims[0]?.priority ?? -Infinity,
    // Shifted, so that a victim of negative priority counts as one more and not as less.
    ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
    ({ victims }) => victims.length,
    ({ victims }) => -earliestStart(victims),
  ];
  let left = candidates;
  for (const measure of measures) {
    if (left.length <= 1) break;
    const values = left.map(measure);
    const least = values.reduce((a, b) => Math.min(a, b), Infinity);
    left = left.filter((_, i) => values[i] === least);
  }
  return left[0];
}

function earliestStart(victims: readonly PodInfo[]): number {
  const highest = victims[0]?.priority;
  return victims
    .filter(({ priority }) => priority === highest)
    .reduce((least, one) => Math.min(least, startTime(one)), Infinity);
}
