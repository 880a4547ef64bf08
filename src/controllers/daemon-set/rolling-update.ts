import { isPodAvailable, type Pod } from "#objects";
import type { Plan } from "../framework/index.ts";
import { describe, stepsOf, type Changes, type DaemonSetStep } from "./changes.ts";
import { limitsOf } from "./limits.ts";
import { isUpdated, templateGeneration } from "./pod.ts";
import { isLeaving, type DaemonNode, type DaemonSetView } from "./view.ts";

/** A node as an update sees it: at most one pod of the present template, and at most one of another. */
interface Updating {
  readonly node: DaemonNode;
  /** Without it there are too many pods on the node, and the set has to put that right first. */
  readonly pair: { readonly fresh: Pod | undefined; readonly old: Pod | undefined } | undefined;
}

/** What of the old may be replaced now, when every node has what it should have (upstream rollingUpdate). */
export function planRollingUpdate(view: DaemonSetView, nodes: readonly DaemonNode[], now: number): Plan<DaemonSetStep> {
  const { set, hash } = view;
  const generation = templateGeneration(set);
  const desired = nodes.filter(({ shouldRun }) => shouldRun).length;
  const { maxSurge, maxUnavailable } = limitsOf(set, desired);
  const updating = nodes
    .filter(({ pods, shouldRun }) => pods.length > 0 || shouldRun)
    .map((node): Updating => ({ node, pair: pairOn(node, hash, generation) }));
  const isAvailable = (pod: Pod) => isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
  const changes =
    maxSurge > 0
      ? bySurge(updating, isAvailable, maxSurge, desired)
      : byReplacement(updating, isAvailable, maxUnavailable);
  const old = updating.filter(({ pair }) => !pair || pair.old).length;
  const because =
    old === 0
      ? "every node has its pod, of the present template"
      : `${old} of ${updating.length} nodes are to be updated: ${describe(changes)}`;
  return { steps: stepsOf(changes), because };
}

function pairOn({ pods }: DaemonNode, hash: string, generation: string | undefined): Updating["pair"] {
  let fresh: Pod | undefined;
  let old: Pod | undefined;
  for (const pod of pods) {
    if (isLeaving(pod)) continue;
    if (isUpdated(pod, hash, generation)) {
      if (fresh) return undefined;
      fresh = pod;
    } else {
      if (old) return undefined;
      old = pod;
    }
  }
  return { fresh, old };
}

/**
 * Without surge: old pods that do not serve go at once, of the others as many as the limit allows. The set makes the new
 * ones when the old ones are gone.
 */
function byReplacement(
  updating: readonly Updating[],
  isAvailable: (pod: Pod) => boolean,
  maxUnavailable: number,
): Changes {
  let unavailable = 0;
  const useless: Pod[] = [];
  const candidates: Pod[] = [];
  for (const { pair } of updating) {
    const { fresh, old } = pair ?? {};
    if (old && !fresh) {
      if (isAvailable(old)) {
        candidates.push(old);
        continue;
      }
      useless.push(old);
    }
    // A node with two pods, or none, counts as one where nothing serves.
    if (!fresh || old || !isAvailable(fresh)) unavailable++;
  }
  return { create: [], remove: [...useless, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))] };
}

/**
 * With surge: a new pod beside each old one that does not serve, and beside as many others as the limit allows; an old one
 * goes when the new one beside it serves. One on a node that should have none any more goes as soon as enough others serve.
 */
function bySurge(
  updating: readonly Updating[],
  isAvailable: (pod: Pod) => boolean,
  maxSurge: number,
  desired: number,
): Changes {
  let surging = 0;
  let available = 0;
  const remove: Pod[] = [];
  const misplaced: Pod[] = [];
  const urgent: string[] = [];
  const candidates: string[] = [];
  for (const { node, pair } of updating) {
    if (!pair) {
      surging++;
      continue;
    }
    const { fresh, old } = pair;
    const serving = old ?? fresh;
    const serves = serving !== undefined && isAvailable(serving);
    if (serves) available++;
    if (!old) continue;
    if (fresh) {
      if (isAvailable(fresh)) remove.push(old);
      else surging++;
    } else if (serves) {
      if (node.shouldRun) candidates.push(node.name);
      else misplaced.push(old);
    } else if (node.shouldRun) {
      urgent.push(node.name);
    } else {
      remove.push(old);
    }
  }
  return {
    create: [...urgent, ...candidates.slice(0, Math.max(0, maxSurge - surging))],
    remove: [...remove, ...misplaced.slice(0, Math.max(0, available - desired))],
  };
}
