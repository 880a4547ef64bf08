import { messageOf, type Clock, type Log } from "#base";
import type { Client, SeriesRecorder, SharedCaches } from "#client";
import { hasReason, PODS } from "#objects";
import type { PodInfo } from "./model/pod-info.ts";
import { reserveVolumes } from "./reserve-volumes.ts";
import { failedScheduling } from "./unscheduled.ts";

export interface BinderOptions {
  readonly client: Client;
  readonly caches: SharedCaches;
  readonly recorder: SeriesRecorder;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What came of a binding. `moot`: the pod is gone, is going, or is on a node already. */
export type BindResult = { readonly type: "bound" | "moot" } | { readonly type: "failed"; readonly error: unknown };

/** Assigns the pod to the node, after its volumes are there. Never rejects. */
export async function bind(pod: PodInfo, nodeName: string, options: BinderOptions): Promise<BindResult> {
  const { client, caches, recorder, log } = options;
  const { namespace, uid } = pod;
  const name = pod.pod.metadata.name ?? "";
  try {
    await reserveVolumes(pod, nodeName, options);
    await client.createSubresource(PODS, { namespace, name }, "binding", {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace, uid },
      target: { apiVersion: "v1", kind: "Node", name: nodeName },
    });
  } catch (error) {
    if (options.signal.aborted || hasReason(error, "NotFound")) return { type: "moot" };
    const current = caches.of(PODS).get(pod.key);
    const isThere = current?.metadata.uid === uid && current.metadata.deletionTimestamp === undefined;
    if (!isThere || current.spec?.nodeName) return { type: "moot" };
    if (!hasReason(error, "Conflict")) log.warn("a pod could not be bound", { pod: pod.key, node: nodeName, error });
    const message = messageOf(error);
    recorder.event(failedScheduling(pod.pod, `binding rejected: ${message}`));
    return { type: "failed", error };
  }
  recorder.event({
    regarding: pod.pod,
    type: "Normal",
    reason: "Scheduled",
    action: "Binding",
    note: `Successfully assigned ${pod.key} to ${nodeName}`,
  });
  return { type: "bound" };
}
