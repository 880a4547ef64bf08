import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { persistentVolumeClaims } from "./persistent-volume-claim.ts";
import { persistentVolumes } from "./persistent-volume.ts";
import type { KubeObject } from "#objects";
import { body, cells, CONTEXT, created, wrong, wrongChange } from "../testing/try-kind.ts";

describe("PersistentVolume", () => {
  const SPEC = { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/data" } };

  test("gets upstream's defaults and is Pending", () => {
    assert.deepEqual(body(persistentVolumes, { spec: SPEC }), {
      spec: {
        ...SPEC,
        hostPath: { path: "/data", type: "" },
        persistentVolumeReclaimPolicy: "Retain",
        volumeMode: "Filesystem",
      },
      status: { phase: "Pending", lastPhaseTransitionTime: "2026-01-01T12:00:00Z" },
    });
  });

  test("needs access modes, a capacity, and exactly one volume type", () => {
    assert.deepEqual(wrong(persistentVolumes, { spec: {} }), [
      "spec.accessModes: Required value",
      "spec.capacity: Required value",
      'spec.capacity: Unsupported value: {}: supported values: "storage"',
      "spec: Required value: must specify a volume type",
    ]);
    assert.deepEqual(
      wrong(persistentVolumes, { spec: { ...SPEC, local: { path: "/x" }, capacity: { storage: "0" } } }),
      [
        'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
        "spec.local: Forbidden: may not specify more than 1 volume type",
      ],
    );
    const { hostPath: _, ...rest } = SPEC;
    assert.deepEqual(wrong(persistentVolumes, { spec: { ...rest, local: { path: "/x" } } }), [
      "spec.nodeAffinity: Required value: Local volume requires node affinity",
    ]);
  });

  test("may change its reclaim policy and not its source", () => {
    const moved = { ...SPEC, hostPath: { path: "/other" } };
    assert.deepEqual(wrongChange(persistentVolumes, { spec: SPEC }, { spec: moved }), [
      "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
    ]);
    const reclaimed = { ...SPEC, persistentVolumeReclaimPolicy: "Delete" };
    assert.deepEqual(wrongChange(persistentVolumes, { spec: SPEC }, { spec: reclaimed }), []);
  });

  test("shows its capacity, access modes, claim and class as columns", () => {
    const spec = { ...SPEC, claimRef: { namespace: "a", name: "b" }, storageClassName: "fast" };
    assert.deepEqual(cells(persistentVolumes, { spec, status: { phase: "Bound" } }), {
      Capacity: "1Gi",
      "Access Modes": "RWO",
      "Reclaim Policy": "Retain",
      Status: "Bound",
      Claim: "a/b",
      StorageClass: "fast",
      VolumeAttributesClass: "<unset>",
      Reason: "",
      VolumeMode: "Filesystem",
    });
  });
});

describe("PersistentVolumeClaim", () => {
  const SPEC = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const bound = (size: string, spec: object = {}) => ({
    spec: { ...SPEC, volumeName: "pv", resources: { requests: { storage: size } }, ...spec },
  });

  test("is Pending at first", () => {
    assert.deepEqual(body(persistentVolumeClaims, { spec: SPEC }), {
      spec: { ...SPEC, volumeMode: "Filesystem" },
      status: { phase: "Pending" },
    });
  });

  test("needs known access modes and a requested size", () => {
    assert.deepEqual(wrong(persistentVolumeClaims, { spec: { accessModes: ["Never"] } }), [
      'spec.accessModes: Unsupported value: "Never": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      "spec.resources[storage]: Required value",
    ]);
  });

  test("may get a volume's name, and a class where it had none, and keeps them from then on", () => {
    assert.deepEqual(wrongChange(persistentVolumeClaims, { spec: SPEC }, { spec: { ...SPEC, volumeName: "pv" } }), []);
    assert.deepEqual(
      wrongChange(persistentVolumeClaims, { spec: SPEC }, { spec: { ...SPEC, storageClassName: "a" } }),
      [],
    );
    assert.deepEqual(wrongChange(persistentVolumeClaims, bound("1Gi"), bound("1Gi", { volumeName: "other" })), [
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    ]);
  });

  test("may grow when it is bound, and never shrinks below its capacity", () => {
    const change = (status: object, from: string, to: string) => {
      const old = { ...created(persistentVolumeClaims, bound(from)), status };
      const errors = persistentVolumeClaims.validateUpdate?.(
        { ...created(persistentVolumeClaims, bound(to)), status } as KubeObject,
        old as KubeObject,
        CONTEXT,
      );
      return errors?.map(({ field }) => field);
    };
    const held = { phase: "Bound", capacity: { storage: "1Gi" } };
    assert.deepEqual(change(held, "1Gi", "2Gi"), []);
    assert.deepEqual(change({ phase: "Pending" }, "1Gi", "2Gi"), ["spec"]);
    assert.deepEqual(change(held, "2Gi", "1Gi"), ["spec.resources.requests.storage"]);
    assert.deepEqual(change(held, "3Gi", "2Gi"), []);
  });

  test("shows its volume, capacity and access modes as columns once it is bound", () => {
    const claim = {
      ...bound("1Gi"),
      status: { phase: "Bound", capacity: { storage: "2Gi" }, accessModes: ["ReadOnlyMany"] },
    };
    assert.deepEqual(cells(persistentVolumeClaims, claim), {
      Status: "Bound",
      Volume: "pv",
      Capacity: "2Gi",
      "Access Modes": "ROX",
      StorageClass: "",
      VolumeAttributesClass: "<unset>",
      VolumeMode: "Filesystem",
    });
    assert.equal(cells(persistentVolumeClaims, { spec: SPEC })["Capacity"], "");
  });
});
