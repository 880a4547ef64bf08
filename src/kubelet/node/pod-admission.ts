import type { Node, Pod } from "#objects";
import type { Happening } from "../pod/happening.ts";
import type { Refusal } from "../pod/refusal.ts";
import { uidOnNode } from "../static/annotations.ts";
import { createUsageCounter, lackingFor, refusalOf } from "./admission.ts";
import type { NodeHealth } from "./health.ts";
import { planPreemption } from "./preemption.ts";
import { isCriticalPod, pressureRefusal } from "./pressure.ts";

export interface PodAdmissionOptions {
  /** The Node as the API has it by now. */
  readonly node: () => Node;
  readonly health: () => NodeHealth;
  /** The pods that take room on the node. */
  readonly activePods: () => readonly Pod[];
  /** Ends the pod of this uid. */
  readonly evict: (uid: string, happening: Happening) => void;
}

/** Decides which pods the node takes, and keeps count of the room that they have taken. */
export interface PodAdmission {
  /**
   * Why the node does not take the pod, if it does not; else its room is taken. A promise where room is made for a
   * critical pod: it resolves once the pods that had it have ended.
   */
  admit(pod: Pod): Refusal | undefined | Promise<undefined>;
  /** Counts a pod that an earlier kubelet has admitted. */
  readmit(pod: Pod): void;
  /** The pod of this uid needs its room no longer. */
  release(uid: string): void;
}

/** In upstream's words (pkg/kubelet/preemption). */
const PREEMPTED: Happening = {
  type: "evicted",
  reason: "Preempting",
  message: "Preempted in order to admit critical pod",
  disruption: "Pod was preempted by Kubelet to accommodate a critical pod.",
  grace: "own",
};

/** Makes the {@link PodAdmission} of an empty node. */
export function createPodAdmission({ node, health, activePods, evict }: PodAdmissionOptions): PodAdmission {
  const counter = createUsageCounter();
  /** What to call once a preempted pod has ended, by its uid. */
  const ending = new Map<string, () => void>();

  /** Takes the room of other pods for a critical one; the uids of the pods that end for it, undefined when it is not enough. */
  const preempt = (pod: Pod, on: Node): readonly string[] | undefined => {
    // Nothing but room may be in the way.
    if (!isCriticalPod(pod) || refusalOf(pod, on, { ...counter.usage, pods: 0, requested: {} })) return undefined;
    const others = activePods().filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
    const victims = planPreemption(pod, others, lackingFor(pod, on, counter.usage));
    if (!victims) return undefined;
    const uids = victims.map(uidOnNode);
    for (const uid of uids) {
      counter.remove(uid);
      evict(uid, PREEMPTED);
    }
    counter.add(pod);
    return uids;
  };
  const untilEnded = async (uids: readonly string[]): Promise<undefined> => {
    await Promise.all(uids.map((uid) => new Promise<void>((resolve) => ending.set(uid, resolve))));
  };

  return {
    admit(pod) {
      counter.remove(pod.metadata.uid ?? "");
      const on = node();
      const refusal = pressureRefusal(pod, health()) ?? refusalOf(pod, on, counter.usage);
      if (!refusal) {
        counter.add(pod);
        return undefined;
      }
      const victims = preempt(pod, on);
      return victims ? untilEnded(victims) : refusal;
    },
    readmit: (pod) => counter.add(pod),
    release(uid) {
      counter.remove(uid);
      ending.get(uid)?.();
      ending.delete(uid);
    },
  };
}
