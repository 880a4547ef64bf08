import { sleep, type Clock } from "#base";
import { hasReason, type KubeObject, type ObjectKey, type ResourceType } from "#objects";
import type { Client } from "./port.ts";

/** Replaces the status, guarded by the object's resourceVersion. */
export function updateStatus<T extends KubeObject>(client: Client, type: ResourceType<T>, object: T): Promise<T> {
  return client.update(type, object, { subresource: "status" });
}

/** Merges into the status (JSON merge patch: lists are replaced whole, null removes). */
export function patchStatus<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  key: ObjectKey,
  status: object,
): Promise<T> {
  return client.patch(type, key, { type: "merge", body: { status } }, { subresource: "status" });
}

const ATTEMPTS = 5;
const RETRY_MS = 10;

/**
 * Calls `attempt`, which must read anew each time, again while it ends in a conflict: five times at most,
 * 10 ms apart (client-go's retry.DefaultRetry).
 */
export async function retryOnConflict<T>(clock: Clock, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= ATTEMPTS || !hasReason(error, "Conflict")) throw error;
    }
    await sleep(clock, RETRY_MS);
  }
}
