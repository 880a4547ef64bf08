import { sleep, type Clock } from "#base";
import { hasReason, type KubeObject, type ObjectKey, type ResourceType, type Scale } from "#objects";
import type { Client, Patch, WriteOptions } from "./port.ts";

/** Replaces the status, guarded by the object's resourceVersion. */
export function updateStatus<T extends KubeObject>(client: Client, type: ResourceType<T>, object: T): Promise<T> {
  return client.update(type, object, { subresource: "status" });
}

/** The Scale of an object of any kind that has one. */
export function getScale(client: Client, type: ResourceType, key: ObjectKey): Promise<Scale> {
  return client.get(type as ResourceType<Scale>, key, { subresource: "scale" });
}

/** Replaces an object's Scale; its resourceVersion, when it has one, must be current. */
export function updateScale(client: Client, type: ResourceType, scale: Scale, options?: WriteOptions): Promise<Scale> {
  return client.update(type as ResourceType<Scale>, scale, { ...options, subresource: "scale" });
}

/** Patches an object's Scale: `{ spec: { replicas: 3 } }`. */
export function patchScale(
  client: Client,
  type: ResourceType,
  key: ObjectKey,
  patch: Patch,
  options?: WriteOptions,
): Promise<Scale> {
  return client.patch(type as ResourceType<Scale>, key, patch, { ...options, subresource: "scale" });
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
