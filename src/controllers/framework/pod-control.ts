import { messageOf } from "#base";
import {
  hasReason,
  PODS,
  type KubeObject,
  type New,
  type OwnerReference,
  type Pod,
  type PodTemplateSpec,
} from "#objects";
import type { SyncContext } from "./definition.ts";

/**
 * A pod as its template says, for an owner to create. `prefix` is the owner's name: the server appends a
 * random suffix (upstream GetPodFromTemplate).
 */
export function podFromTemplate(
  template: PodTemplateSpec | undefined,
  namespace: string,
  prefix: string,
  owner: OwnerReference,
): New<Pod> {
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    metadata: {
      namespace,
      generateName: `${prefix}-`,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers && finalizers.length > 0 ? { finalizers } : {}),
      ownerReferences: [owner],
    },
    ...(template?.spec ? { spec: template.spec } : {}),
  };
}

/**
 * Creates a pod and says so in an Event of its owner. A namespace that is being deleted takes no pods: that is
 * no failure, nothing is left to do (upstream ignores the cause NamespaceTerminating).
 */
export async function createPod(
  context: Pick<SyncContext, "client" | "recorder">,
  owner: KubeObject,
  pod: New<Pod>,
): Promise<Pod | undefined> {
  try {
    const created = await context.client.create(PODS, pod);
    context.recorder.event(owner, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`);
    return created;
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined;
    context.recorder.event(owner, "Warning", "FailedCreate", `Error creating: ${messageOf(error)}`);
    throw error;
  }
}

/** Deletes a pod and says so in an Event of its owner. One that is gone already counts as deleted. */
export async function deletePod(
  context: Pick<SyncContext, "client" | "recorder">,
  owner: KubeObject,
  pod: Pod,
): Promise<void> {
  const { namespace = "", name = "", uid } = pod.metadata;
  try {
    await context.client.delete(PODS, { namespace, name }, uid ? { preconditions: { uid } } : {});
  } catch (error) {
    // Gone, or another pod has its name by now.
    if (hasReason(error, "NotFound", "Conflict")) return;
    context.recorder.event(owner, "Warning", "FailedDelete", `Error deleting: ${messageOf(error)}`);
    throw error;
  }
  context.recorder.event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
}

/** Whether a creation was refused because the namespace is being deleted. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    hasReason(error, "Forbidden") &&
    (error.status.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating") ?? false)
  );
}

/** The text of whatever was thrown. */
