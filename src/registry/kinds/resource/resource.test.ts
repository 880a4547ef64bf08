import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kind, locally } from "../testing/kind.ts";

describe("resource.k8s.io in its first beta", () => {
  const convert = (name: string, object: object) => {
    const version = kind(name).versions.find(({ version: each }) => each === "v1beta1");
    const full = { apiVersion: "", kind: "", metadata: {}, ...object };
    const stored = locally(version).toStorage(full);
    assert.deepEqual(locally(version).fromStorage(stored), full);
    return (stored as unknown as { spec: unknown }).spec;
  };

  test("a request with a class beside its name is read as one for exactly that", () => {
    const requests = [
      { name: "a", deviceClassName: "c", count: 2 },
      { name: "b", firstAvailable: [{ name: "x" }] },
    ];
    assert.deepEqual(convert("ResourceClaim", { spec: { devices: { requests } } }), {
      devices: {
        requests: [
          { name: "a", exactly: { deviceClassName: "c", count: 2 } },
          { name: "b", firstAvailable: [{ name: "x" }] },
        ],
      },
    });
  });

  test("a device's basic attributes are read as the device's own", () => {
    const devices = [{ name: "d", basic: { attributes: { a: { int: 1 } } } }];
    assert.deepEqual(convert("ResourceSlice", { spec: { devices } }), {
      devices: [{ name: "d", attributes: { a: { int: 1 } } }],
    });
  });
});
