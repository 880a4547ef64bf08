import { sleep, type Clock } from "#base";
import type { Client, SharedCaches } from "#client";
import { claimsOfPod, isClaimBound, PERSISTENT_VOLUME_CLAIMS } from "#objects";
import type { PodInfo } from "./model/pod-info.ts";

const SELECTED_NODE = "volume.kubernetes.io/selected-node";
/** Upstream's default bindTimeoutSeconds. */
const TIMEOUT_MS = 600_000;

/**
 * Before a pod is bound: tells the provisioners of claims that waited for their first consumer which node it will
 * be on, and waits until they are bound. Rejects when that takes more than ten minutes.
 */
export async function reserveVolumes(
  pod: PodInfo,
  nodeName: string,
  { client, caches, clock, signal }: { client: Client; caches: SharedCaches; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const names = claimsOfPod(pod.pod).map(({ name }) => name);
  if (names.length === 0) return;
  const claims = caches.of(PERSISTENT_VOLUME_CLAIMS);
  const unbound = () =>
    names.filter((name) => {
      const claim = claims.get(`${pod.namespace}/${name}`);
      return !claim || !isClaimBound(claim);
    });
  for (const name of unbound()) {
    const body = { metadata: { annotations: { [SELECTED_NODE]: nodeName } } };
    await client.patch(PERSISTENT_VOLUME_CLAIMS, { namespace: pod.namespace, name }, { type: "merge", body });
  }
  if (unbound().length === 0) return;
  const bound = Promise.withResolvers<void>();
  const stop = claims.subscribe(() => {
    if (unbound().length === 0) bound.resolve();
  });
  const timeout = new AbortController();
  try {
    await Promise.race([
      bound.promise,
      sleep(clock, TIMEOUT_MS, AbortSignal.any([signal, timeout.signal])).then(() => {
        throw new Error("binding volumes: context deadline exceeded");
      }),
    ]);
  } finally {
    stop();
    timeout.abort();
  }
}
