import { unlessAborted, type Clock } from "#base";
import type { Client, SharedCaches } from "#client";
import {
  BOUND_BY_CONTROLLER,
  keyOf,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  SELECTED_NODE,
} from "#objects";
import type { PodInfo } from "../model/pod-info.ts";
import { bindingProgress, type BindingView } from "./binding-progress.ts";
import type { Storage, VolumeReservation } from "./storage.ts";
import type { Waiters } from "./waiters.ts";

/** Upstream's default bindTimeoutSeconds. */
const TIMEOUT_MS = 600_000;

export interface VolumeBinderOptions {
  readonly client: Client;
  readonly caches: SharedCaches;
  readonly storage: Storage;
  readonly waiters: Waiters;
  readonly clock: Clock;
}

/** Under which keys {@link Waiters} hear of what a binding waits for. */
export const waitKeys = {
  claim: (key: string): string => `claim ${key}`,
  pod: (key: string): string => `pod ${key}`,
  node: (name: string): string => `node ${name}`,
};

/**
 * Writes what was decided about a pod's claims, and waits until all of them are bound. Rejects, with upstream's words,
 * when something else happened to them, when that takes more than ten minutes, and when the signal aborts.
 */
export async function bindVolumes(
  pod: PodInfo,
  reservation: VolumeReservation,
  options: VolumeBinderOptions,
  signal: AbortSignal,
): Promise<void> {
  await write(reservation, options.client);
  const done = Promise.withResolvers<void>();
  const look = () => {
    const progress = bindingProgress(bindingView(pod, reservation, options));
    if (progress.type === "bound") done.resolve();
    else if (progress.type === "failed") done.reject(new Error(`binding volumes: ${progress.message}`));
  };
  const claims = [...reservation.volumes.map(({ claim }) => claim), ...reservation.claims.map(({ claim }) => claim)];
  const keys = [
    waitKeys.pod(pod.key),
    waitKeys.node(reservation.node),
    ...claims.map((claim) => waitKeys.claim(keyOf(claim))),
  ];
  const stop = options.waiters.add(keys, look);
  const late = options.clock.setTimeout(
    () => done.reject(new Error("binding volumes: context deadline exceeded")),
    TIMEOUT_MS,
  );
  try {
    look();
    await unlessAborted(done.promise, signal);
  } finally {
    stop();
    late.cancel();
  }
}

/** Each write names the version that was decided on: what has changed since then is a conflict. */
async function write({ volumes, claims, node }: VolumeReservation, client: Client): Promise<void> {
  for (const { object, base } of volumes) {
    if (!base) continue;
    const { name = "", uid, resourceVersion, annotations } = object.metadata;
    const own = annotations?.[BOUND_BY_CONTROLLER];
    const metadata = { uid, resourceVersion, ...(own ? { annotations: { [BOUND_BY_CONTROLLER]: own } } : {}) };
    const body = { metadata, spec: { claimRef: object.spec?.claimRef } };
    await client.patch(PERSISTENT_VOLUMES, { namespace: "", name }, { type: "merge", body });
  }
  for (const { object, base } of claims) {
    if (!base) continue;
    const { namespace = "", name = "", uid, resourceVersion } = object.metadata;
    const body = { metadata: { uid, resourceVersion, annotations: { [SELECTED_NODE]: node } } };
    await client.patch(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, { type: "merge", body });
  }
}

function bindingView(
  { key, uid }: PodInfo,
  { node, volumes, claims }: VolumeReservation,
  { caches, storage }: VolumeBinderOptions,
): BindingView {
  const shownVolumes = caches.of(PERSISTENT_VOLUMES);
  const shownClaims = caches.of(PERSISTENT_VOLUME_CLAIMS);
  return {
    nodeName: node,
    node: caches.of(NODES).get(node),
    podExists: caches.of(PODS).get(key)?.metadata.uid === uid,
    volumes: volumes.map(({ claim, object, base }) => {
      const name = object.metadata.name ?? "";
      const claimKey = keyOf(claim);
      // What was written was made from `base`: every other version is that or a later one.
      const seen = base === undefined || shownVolumes.get(name) !== base;
      return { name, claimKey, volume: storage.volume(name), claim: storage.claim(claimKey), seen };
    }),
    claims: claims.map(({ object, base }) => {
      const claimKey = keyOf(object);
      const claim = storage.claim(claimKey);
      const seen = base === undefined || shownClaims.get(claimKey) !== base;
      return { key: claimKey, claim, volume: storage.volume(claim?.spec?.volumeName ?? ""), seen };
    }),
  };
}
