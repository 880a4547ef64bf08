import type { Client, WatchEvent } from "#client";
import type { KubeObject, ResourceType } from "#objects";

/** Follows the objects of a type from now on, in the namespace if they are in one. */
export function follow<T extends KubeObject>(client: Client, type: ResourceType<T>, signal: AbortSignal) {
  const seen: WatchEvent<T>[] = [];
  let wake = () => {};
  const where = type.namespaced ? { namespace: "default" } : {};
  const ended = (async () => {
    for await (const events of client.watch(type, { ...where, signal })) {
      seen.push(...events);
      wake();
    }
  })().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return {
    ended,
    /** Waits for an event that is so. */
    async until(isSo: (event: WatchEvent<T>) => boolean) {
      while (!seen.some(isSo)) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}
