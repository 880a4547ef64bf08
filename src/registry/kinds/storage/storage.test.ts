import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ResourceDefinition } from "../../definition.ts";
import { kind } from "../testing/kind.ts";
import { body, cells, wrong, wrongChange } from "../testing/try-kind.ts";

const spec = (definition: ResourceDefinition, value: object) => body(definition, { spec: value })["spec"];

describe("storage.k8s.io", () => {
  test("a StorageClass is defaulted, immutable in most fields, and shown as the default", () => {
    const classes = kind("StorageClass");
    const fast = { provisioner: "a.b/c", parameters: { type: "ssd" } };
    assert.deepEqual(body(classes, fast), { ...fast, reclaimPolicy: "Delete", volumeBindingMode: "Immediate" });
    assert.deepEqual(
      wrongChange(classes, fast, { provisioner: "x", parameters: {}, volumeBindingMode: "WaitForFirstConsumer" }),
      [
        "parameters: Forbidden: updates to parameters are forbidden.",
        "provisioner: Forbidden: updates to provisioner are forbidden.",
        'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
      ],
    );
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    assert.deepEqual(cells(classes, { ...fast, metadata: { annotations } }), {
      Name: "test (default)",
      Provisioner: "a.b/c",
      ReclaimPolicy: "Delete",
      VolumeBindingMode: "Immediate",
      AllowVolumeExpansion: false,
    });
  });

  test("a CSIDriver gets upstream's defaults", () => {
    assert.deepEqual(spec(kind("CSIDriver"), {}), {
      attachRequired: true,
      podInfoOnMount: false,
      storageCapacity: false,
      fsGroupPolicy: "ReadWriteOnceWithFSType",
      requiresRepublish: false,
      seLinuxMount: false,
      volumeLifecycleModes: ["Persistent"],
    });
  });

  test("a VolumeAttachment needs exactly one source", () => {
    assert.deepEqual(wrong(kind("VolumeAttachment"), { spec: { attacher: "a.b", nodeName: "n", source: {} } }), [
      "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
    ]);
  });
});
