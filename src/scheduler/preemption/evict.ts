import type { Clock } from "#base";
import type { Client, SeriesRecorder } from "#client";
import { formatTime, hasReason, PODS, podCondition, type Pod, type PodCondition } from "#objects";

export interface EvictOptions {
  readonly client: Client;
  readonly recorder: SeriesRecorder;
  readonly clock: Clock;
  /** Gives up the binding of a pod that waits for its volumes. Returns whether there was one. */
  readonly cancelBinding: (uid: string) => boolean;
}

/**
 * Makes a victim leave: says why in its status, then deletes it with its own grace (upstream PreemptPod). One that is
 * not bound yet, as it waits for its volumes, is only scheduled anew. One that is gone already is fine; other failures
 * reject.
 */
export async function evict(victim: Pod, preemptor: Pod, nodeName: string, options: EvictOptions): Promise<void> {
  const { client, recorder, clock } = options;
  const { namespace = "", name = "", uid, generation, deletionTimestamp } = victim.metadata;
  // It is leaving already.
  if (deletionTimestamp !== undefined) return;
  const event = {
    regarding: victim,
    related: preemptor,
    type: "Normal",
    reason: "Preempted",
    action: "Preempting",
    note: `Preempted by pod ${preemptor.metadata.uid} on node ${nodeName}`,
  } as const;
  if (options.cancelBinding(uid ?? "")) {
    recorder.event({ ...event, note: `${event.note} (in kube-scheduler memory).` });
    return;
  }
  const key = { namespace, name };
  const condition: PodCondition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "PreemptionByScheduler",
    message: `${preemptor.spec?.schedulerName ?? "default-scheduler"}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: formatTime(clock.now()),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  try {
    if (podCondition(victim, "DisruptionTarget")?.reason !== condition.reason) {
      const body = { metadata: { uid }, status: { conditions: [condition] } };
      await client.patch(PODS, key, { type: "strategic", body }, { subresource: "status" });
    }
    await client.delete(PODS, key, uid ? { preconditions: { uid } } : {});
  } catch (error) {
    // Gone, or another pod has its name by now.
    if (hasReason(error, "NotFound", "Conflict")) return;
    throw error;
  }
  recorder.event(event);
}
