import { messageOf, type Log } from "#base";
import type { SeriesRecorder } from "#client";
import { hasReason, PODS } from "#objects";
import type { PodInfo } from "./model/pod-info.ts";
import { bindVolumes, type VolumeBinderOptions } from "./volumes/bind-volumes.ts";
import type { VolumeReservation } from "./volumes/storage.ts";

export interface BinderOptions extends VolumeBinderOptions {
  readonly recorder: SeriesRecorder;
  readonly log: Log;
  /** The scheduler stops. */
  readonly signal: AbortSignal;
}

/** What came of a binding. `moot`: the pod is gone, is going, or is on a node already. `message` is in upstream's words. */
export type BindResult =
  | { readonly type: "bound" | "moot" }
  | { readonly type: "failed"; readonly error: unknown; readonly message: string };

/** Whether anything has to be done or waited for before the pod can be bound. */
export const hasWork = ({ volumes, claims }: VolumeReservation): boolean => volumes.length + claims.length > 0;

/**
 * Gets the volumes of the pod ready, and first tells in its status which node it is about to go to (upstream's PreBind;
 * NominatedNodeNameForExpectation). Never rejects; undefined: they are.
 */
export async function prepareVolumes(
  pod: PodInfo,
  reservation: VolumeReservation,
  options: BinderOptions,
  cancelled: AbortSignal,
): Promise<BindResult | undefined> {
  const { client, log, signal } = options;
  const { namespace, uid } = pod;
  try {
    const body = { metadata: { uid }, status: { nominatedNodeName: reservation.node } };
    const key = { namespace, name: pod.pod.metadata.name ?? "" };
    pod.pod = await client.patch(PODS, key, { type: "strategic", body }, { subresource: "status" });
  } catch (error) {
    // It only tells others; the binding does not depend on it.
    if (!hasReason(error, "NotFound", "Conflict") && !signal.aborted) {
      log.warn("a pod's expected node could not be written", { pod: pod.key, error });
    }
  }
  try {
    await bindVolumes(pod, reservation, options, AbortSignal.any([signal, cancelled]));
    return undefined;
  } catch (error) {
    const why = cancelled.aborted ? "binding volumes: context canceled" : messageOf(error);
    return failure(pod, error, `running PreBind plugin "VolumeBinding": ${why}`, options);
  }
}

/** Assigns the pod to the node. Never rejects. */
export async function bind(pod: PodInfo, nodeName: string, options: BinderOptions): Promise<BindResult> {
  const { client, recorder } = options;
  const { namespace, uid } = pod;
  const name = pod.pod.metadata.name ?? "";
  try {
    await client.createSubresource(PODS, { namespace, name }, "binding", {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace, uid },
      target: { apiVersion: "v1", kind: "Node", name: nodeName },
    });
  } catch (error) {
    if (hasReason(error, "NotFound")) return { type: "moot" };
    return failure(pod, error, `running Bind plugin "DefaultBinder": ${messageOf(error)}`, options);
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

function failure(pod: PodInfo, error: unknown, message: string, { signal, caches, log }: BinderOptions): BindResult {
  if (signal.aborted) return { type: "moot" };
  const current = caches.of(PODS).get(pod.key);
  const isThere = current?.metadata.uid === pod.uid && current.metadata.deletionTimestamp === undefined;
  if (!isThere || current.spec?.nodeName) return { type: "moot" };
  if (!hasReason(error, "Conflict")) log.warn("a pod could not be bound", { pod: pod.key, error });
  return { type: "failed", error, message };
}
