import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../generated/types.ts";
import { claimsOfPod, defaultStorageClassOf, isClaimBound, storageClassNameOf, zonesOfVolume } from "./index.ts";

const claim = (annotations: Record<string, string>, spec: object = {}) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "c", annotations },
  spec,
});

test("the class is the old annotation's, then the field's; none is a class too", () => {
  const annotation = { "volume.beta.kubernetes.io/storage-class": "old" };
  assert.equal(storageClassNameOf(claim(annotation, { storageClassName: "new" })), "old");
  assert.equal(storageClassNameOf(claim({}, { storageClassName: "" })), "");
  assert.equal(storageClassNameOf(claim({})), undefined);
});

test("of several default classes the newest counts, of equally old ones the first by name", () => {
  const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
  const of = (name: string, creationTimestamp: string, marked = true) => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    provisioner: "x",
    metadata: { name, creationTimestamp, ...(marked ? { annotations } : {}) },
  });
  const classes = [
    of("b", "2026-01-02T00:00:00Z"),
    of("a", "2026-01-02T00:00:00Z"),
    of("c", "2026-01-03T00:00:00Z", false),
  ];
  assert.equal(defaultStorageClassOf(classes)?.metadata.name, "a");
});

test("a pod needs the claims that it names, and those made for it alone", () => {
  const volumes = [
    { name: "a", persistentVolumeClaim: { claimName: "data" } },
    { name: "b", emptyDir: {} },
    { name: "scratch", ephemeral: {} },
  ];
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { containers: [], volumes } } as Pod;
  assert.deepEqual(claimsOfPod(pod), [
    { name: "data", ephemeral: false },
    { name: "p-scratch", ephemeral: true },
  ]);
});

test("a claim is bound once its binding is complete", () => {
  const complete = { "pv.kubernetes.io/bind-completed": "yes" };
  assert.equal(isClaimBound(claim(complete, { volumeName: "v" })), true);
  assert.equal(isClaimBound(claim({}, { volumeName: "v" })), false);
  assert.equal(isClaimBound(claim(complete)), false);
});

test("several zones of a volume stand in one label", () => {
  const labels = { "topology.kubernetes.io/zone": "a__b", other: "x" };
  const volume = { apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "v", labels } };
  assert.deepEqual(zonesOfVolume(volume), [{ label: "topology.kubernetes.io/zone", values: ["a", "b"] }]);
});
