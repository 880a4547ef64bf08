import { sleep, type Clock } from "#base";
import { hasReason, StatusError, type KubeObject, type ObjectKey, type ResourceType, type Scale } from "#objects";
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

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 7_000;

export interface OutageOptions {
  readonly clock: Clock;
  /** Ends the waiting: the call rejects with its reason. */
  readonly signal: AbortSignal;
  /** Called with every failure that is followed by another attempt. */
  readonly onRetry: (error: unknown) => void;
}

/**
 * Calls `attempt` again while the API cannot be reached or cannot answer, after 100 ms, 200 ms and so on up to 7 s
 * (as upstream's kubelet registers its node). Rejects with an answer that another attempt would not change.
 */
export async function retryThroughOutage<T>(
  { clock, signal, onRetry }: OutageOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!mayPass(error)) throw error;
      onRetry(error);
    }
    await sleep(clock, wait, signal);
  }
}

/** A lost connection, a server that cannot answer now, or one that is asked too much. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof StatusError)) return true;
  const { code = 500 } = error.status;
  return code >= 500 || code === 429 || code === 409;
}
