import { updateStatus, type Client } from "#client";
import { hasReason, PODS, type Pod, type PodStatus } from "#objects";

/** Where it is recorded how a pod is. */
export interface PodRecord {
  /** Resolves to the pod as it is recorded then. Rejects with Conflict or NotFound when another writer was faster. */
  writeStatus(pod: Pod, status: PodStatus): Promise<Pod>;
  /** Nothing is left of the pod: it may be forgotten. */
  finish(pod: Pod): Promise<void>;
}

/** Pods that the API has. */
export const apiRecord = (client: Client): PodRecord => ({
  writeStatus: (pod, status) => updateStatus(client, PODS, { ...pod, status }),
  async finish({ metadata: { namespace = "", name = "", uid = "" } }) {
    try {
      await client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      // Another writer has finished it, or another pod has its name by now.
      if (!hasReason(error, "NotFound", "Conflict")) throw error;
    }
  },
});
