import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PersistentVolume, PersistentVolumeClaim, Volume } from "#objects";
import { volumeSpecOf } from "./claims.ts";
import type { PodSources } from "./sources.ts";
import { container, podOf } from "./testing/pods.ts";

const CLAIM: PersistentVolumeClaim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace: "default", uid: "c1" },
  spec: { volumeName: "pv" },
  status: { phase: "Bound" },
};
const VOLUME: PersistentVolume = {
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name: "pv" },
  spec: { claimRef: { name: "data", namespace: "default", uid: "c1" }, hostPath: { path: "/data" } },
};
const MOUNTED: Volume = { name: "v", persistentVolumeClaim: { claimName: "data" } };

const sources = (claim: PersistentVolumeClaim | undefined, volume: PersistentVolume | undefined): PodSources => ({
  claim: (name) =>
    claim ? Promise.resolve(claim) : Promise.reject(new Error(`persistentvolumeclaims "${name}" not found`)),
  persistentVolume: (name) =>
    volume ? Promise.resolve(volume) : Promise.reject(new Error(`persistentvolumes "${name}" not found`)),
  configMap: () => assert.fail(),
  secret: () => assert.fail(),
  runtimeHandler: () => assert.fail(),
  trustBundles: () => assert.fail(),
  token: () => assert.fail(),
  onChange() {},
  close() {},
});

interface Case {
  readonly claim?: Partial<PersistentVolumeClaim> | "none";
  readonly volume?: Partial<PersistentVolume> | "none";
  readonly used?: "volumeMounts" | "volumeDevices";
  readonly as?: Volume;
}

function specOf({ claim = {}, volume = {}, used = "volumeMounts", as = MOUNTED }: Case) {
  const use = used === "volumeMounts" ? { volumeMounts: [{ name: "v", mountPath: "/v" }] } : {};
  const devices = used === "volumeDevices" ? { volumeDevices: [{ name: "v", devicePath: "/dev/v" }] } : {};
  const pod = podOf({ containers: [container("web", { ...use, ...devices })], volumes: [as] });
  return volumeSpecOf(
    pod,
    as,
    sources(
      claim === "none" ? undefined : { ...CLAIM, ...claim },
      volume === "none" ? undefined : { ...VOLUME, ...volume },
    ),
  );
}

describe("a pod's volume that is a claim", () => {
  test("is the PersistentVolume behind the claim, by its name", async () => {
    const spec = await specOf({ as: { name: "v", persistentVolumeClaim: { claimName: "data", readOnly: true } } });
    assert.deepEqual(
      { name: spec.name, readOnly: spec.readOnly, mode: spec.mode, volume: spec.bound?.volume },
      { name: "pv", readOnly: true, mode: "Filesystem", volume: VOLUME },
    );
  });

  test("may be one that is being deleted, as long as it is protected", async () => {
    const metadata = { ...CLAIM.metadata, deletionTimestamp: "x", finalizers: ["kubernetes.io/pvc-protection"] };
    assert.equal((await specOf({ claim: { metadata } })).name, "pv");
  });

  const about = "error processing PVC default/data:";
  const block = { spec: { ...VOLUME.spec, volumeMode: "Block" } };
  const cases: readonly (readonly [title: string, shape: Case, message: string])[] = [
    [
      "does not exist",
      { claim: "none" },
      `${about} failed to fetch PVC from API server: persistentvolumeclaims "data" not found`,
    ],
    [
      "is being deleted",
      { claim: { metadata: { ...CLAIM.metadata, deletionTimestamp: "x" } } },
      `${about} PVC is being deleted`,
    ],
    ["is not bound", { claim: { status: { phase: "Pending" } } }, `${about} PVC is not bound`],
    ["names no volume", { claim: { spec: {} } }, `${about} PVC has empty pvc.Spec.VolumeName`],
    [
      "has lost its volume",
      { volume: "none" },
      `${about} failed to fetch PV pv from API server: persistentvolumes "pv" not found`,
    ],
    [
      "is not what its volume is bound to yet",
      { volume: { spec: {} } },
      `${about} found PV object pv but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    ],
    [
      "is not what its volume is bound to",
      { volume: { spec: { claimRef: { uid: "c2" } } } },
      `${about} found PV object pv but its pv.Spec.ClaimRef.UID c2 does not point to claim.UID c1`,
    ],
    [
      "is a block device that is to be mounted",
      { volume: block },
      "volume v has volumeMode Block, but is specified in volumeMounts",
    ],
    [
      "is a file system that is to be a device",
      { used: "volumeDevices" },
      "volume v has volumeMode Filesystem, but is specified in volumeDevices",
    ],
    [
      "was made for another pod",
      { as: { name: "v", ephemeral: {} } },
      "PVC default/web-v was not created for pod default/web (pod is not owner)",
    ],
  ];
  for (const [title, shape, message] of cases) {
    test(`fails when the claim ${title}`, async () => {
      await assert.rejects(specOf(shape), { name: "ClaimError", message });
    });
  }

  test("may be ephemeral: a claim that the pod controls", async () => {
    const owner = { apiVersion: "v1", kind: "Pod", name: "web", uid: "u1", controller: true };
    const metadata = { ...CLAIM.metadata, ownerReferences: [owner] };
    assert.equal((await specOf({ claim: { metadata }, as: { name: "v", ephemeral: {} } })).name, "pv");
  });
});
