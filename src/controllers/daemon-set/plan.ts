import { isPodAvailable, isPodReady, type Pod } from "#objects";
import type { Plan } from "../framework/index.ts";
import { waitsUntil } from "./back-off.ts";
import { describe, stepsOf, type DaemonSetStep } from "./changes.ts";
import { limitsOf } from "./limits.ts";
import { REVISION_HASH } from "./pod.ts";
import { planRollingUpdate } from "./rolling-update.ts";
import { isLeaving, nodesOf, type DaemonNode, type DaemonSetView } from "./view.ts";

/** What has to be created or deleted; what is still to be done after it is seen by the next sync. `now` in milliseconds since the epoch. */
export function planDaemonSet(view: DaemonSetView, now: number): Plan<DaemonSetStep> {
  const nodes = nodesOf(view);
  const { steps, changes, requeueAt } = keepOneOnEach(view, nodes, now);
  const again = requeueAt === undefined ? {} : { requeueAt };
  if (changes.create.length > 0 || changes.remove.length > 0) {
    return { steps: [...steps, ...stepsOf(changes)], because: `one pod on each node: ${describe(changes)}`, ...again };
  }
  // Updates wait until every node has what it should have.
  if (view.set.spec?.updateStrategy?.type !== "RollingUpdate") {
    return { steps, because: "every node has its pod, and old ones are updated when they are deleted", ...again };
  }
  const update = planRollingUpdate(view, nodes, now);
  return { ...update, steps: [...steps, ...update.steps], ...again };
}

interface Kept {
  /** Events and back-offs. */
  readonly steps: DaemonSetStep[];
  readonly changes: { readonly create: string[]; readonly remove: Pod[] };
  requeueAt?: number;
}

/** Every node that should has a pod, no other has one, and none has too many (upstream podsShouldBeOnNode). */
function keepOneOnEach(view: DaemonSetView, nodes: readonly DaemonNode[], now: number): Kept {
  const kept: Kept = { steps: [], changes: { create: [], remove: [] } };
  const surges = limitsOf(view.set, 1).maxSurge > 0;
  for (const node of nodes) {
    const { name, exists, pods, shouldRun, mayStay } = node;
    if (!exists) {
      // Never bound, so the pod garbage collector does not see them; the others are its.
      kept.changes.remove.push(...pods.filter((pod) => !pod.spec?.nodeName && !isLeaving(pod)));
    } else if (shouldRun && pods.length === 0) {
      kept.changes.create.push(name);
    } else if (mayStay) {
      keepOne(view, node, surges, now, kept);
    } else {
      kept.changes.remove.push(...pods.filter((pod) => !isLeaving(pod)));
    }
  }
  return kept;
}

function keepOne(view: DaemonSetView, node: DaemonNode, surges: boolean, now: number, kept: Kept): void {
  const { create, remove } = kept.changes;
  const running: Pod[] = [];
  let waiting = false;
  for (const pod of node.pods) {
    if (isLeaving(pod)) continue;
    const { phase } = pod.status ?? {};
    const what = `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${node.name}`;
    if (phase === "Failed") {
      const until = waitsUntil(view.backoffs.get(node.name), now);
      if (until !== undefined) {
        waiting = true;
        kept.requeueAt = Math.min(kept.requeueAt ?? Infinity, until);
        continue;
      }
      const message = `Found failed ${what}, will try to kill it`;
      kept.steps.push({ type: "event", level: "Warning", reason: "FailedDaemonPod", message });
      kept.steps.push({ type: "back-off", node: node.name });
      remove.push(pod);
    } else if (phase === "Succeeded") {
      const message = `Found succeeded ${what}, will try to delete it`;
      kept.steps.push({ type: "event", level: "Normal", reason: "SucceededDaemonPod", message });
      remove.push(pod);
    } else {
      running.push(pod);
    }
  }
  if (!surges) {
    remove.push(...running.slice(1));
    return;
  }
  // The pods that leave may take their time: with surge the next one does not wait for them.
  if (running.length === 0 && node.shouldRun && !waiting) create.push(node.name);
  if (running.length > 1) remove.push(...superfluous(running, view, now));
}

/**
 * Surging, a node has one old and one new pod as long as the old one is ready and the new one not available yet. If
 * neither serves, the new one stays. Of several that are old, or new, one that is ready stays, else the first.
 */
function superfluous(running: readonly Pod[], { set, hash }: DaemonSetView, now: number): readonly Pod[] {
  const isFresh = ({ metadata }: Pod) => metadata.labels?.[REVISION_HASH] === hash;
  const fresh = bestOf(running.filter(isFresh));
  const old = bestOf(running.filter((pod) => !isFresh(pod)));
  const isReplaced = fresh && old && (!isPodReady(old) || isPodAvailable(fresh, set.spec?.minReadySeconds ?? 0, now));
  return running.filter((pod) => pod !== fresh && (pod !== old || isReplaced));
}

const bestOf = (pods: readonly Pod[]): Pod | undefined => pods.find(isPodReady) ?? pods[0];
