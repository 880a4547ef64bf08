import {
  BIND_COMPLETED,
  isBoundTo,
  keyOf,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  SELECTED_NODE,
  storageClassNameOf,
  type AnyDraft,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
} from "#objects";
import type { FakeClient } from "#simulation";
import { makePod } from "./objects.ts";

/** A class whose claims wait for their first consumer. */
export const makeClass = (name: string, parts: Partial<StorageClass> = {}): StorageClass => ({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name },
  provisioner: "kubernetes.io/no-provisioner",
  volumeBindingMode: "WaitForFirstConsumer",
  ...parts,
});

/** A claim in `default`, of the class `late` unless told otherwise. */
export const makeClaim = (
  name: string,
  size = "1Gi",
  spec: PersistentVolumeClaim["spec"] = {},
): PersistentVolumeClaim => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name, namespace: "default", uid: `uid-${name}` },
  spec: {
    storageClassName: "late",
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: size } },
    ...spec,
  },
});

/** A free volume of the class `late`; with nodes, only they reach it. */
export const makeVolume = (
  name: string,
  size = "1Gi",
  nodes?: readonly string[],
  spec: PersistentVolume["spec"] = {},
): PersistentVolume => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name, uid: `uid-${name}` },
  spec: {
    storageClassName: "late",
    accessModes: ["ReadWriteOnce"],
    capacity: { storage: size },
    ...(nodes
      ? {
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [...nodes] }] },
              ],
            },
          },
        }
      : {}),
    ...spec,
  },
  status: { phase: "Available" },
});

/** A pod with a volume of each claim. */
export const makeClaimPod = (name: string, claims: readonly string[], parts: Parameters<typeof makePod>[1] = {}): Pod =>
  makePod(name, {
    ...parts,
    spec: {
      ...parts.spec,
      volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
    },
  });

/** Binds a claim to a volume on both sides, as the binder does. */
export function bindClaim(client: FakeClient, claimName: string, volumeName: string): void {
  const claim = client.edit<PersistentVolumeClaim>(
    PERSISTENT_VOLUME_CLAIMS,
    { namespace: "default", name: claimName },
    (draft: AnyDraft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [BIND_COMPLETED]: "yes" };
      draft["spec"] = { ...(draft["spec"] as object), volumeName };
      draft["status"] = { phase: "Bound" };
    },
  );
  client.edit(PERSISTENT_VOLUMES, { namespace: "", name: volumeName }, (draft: AnyDraft) => {
    const { namespace = "", name = "", uid = "" } = claim.metadata;
    draft["spec"] = { ...(draft["spec"] as object), claimRef: { namespace, name, uid } };
    draft["status"] = { phase: "Bound" };
  });
}

/**
 * What binder and provisioner do, once: claims whose volume names them are bound, and those for which a node was chosen
 * get a new volume there. Returns the keys of the claims that were bound.
 */
export async function bindAll(client: FakeClient): Promise<readonly string[]> {
  const bound: string[] = [];
  for (const claim of client.all(PERSISTENT_VOLUME_CLAIMS)) {
    if (claim.spec?.volumeName) continue;
    const { name = "", annotations } = claim.metadata;
    const reserved = client.all(PERSISTENT_VOLUMES).find((volume) => isBoundTo(volume, claim));
    const node = annotations?.[SELECTED_NODE];
    if (!reserved && node === undefined) continue;
    const volumeName = reserved?.metadata.name ?? `pvc-${name}`;
    if (!reserved && node !== undefined) {
      const size = claim.spec?.resources?.requests?.["storage"];
      const storageClassName = storageClassNameOf(claim) ?? "";
      await client.create(PERSISTENT_VOLUMES, makeVolume(volumeName, size, [node], { storageClassName }));
    }
    bindClaim(client, name, volumeName);
    bound.push(keyOf(claim));
  }
  return bound;
}
