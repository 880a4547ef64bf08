import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isCountedWhole,
  isExtendedResource,
  isOvercommitAllowed,
  isStandardContainerResource,
  isStandardQuotaResource,
} from "./resources.ts";

test("resources are distinguished by their names", () => {
  const cases: readonly (readonly [name: string, extended: boolean, overcommit: boolean, whole: boolean])[] = [
    ["cpu", false, true, false],
    ["memory", false, true, false],
    ["hugepages-2Mi", false, false, false],
    ["example.com/gpu", true, false, true],
    ["requests.example.com/gpu", false, false, false],
    ["attachable-volumes.kubernetes.io/x", false, true, false],
    ["pods", false, true, true],
  ];
  for (const [name, extended, overcommit, whole] of cases) {
    const found = [isExtendedResource(name), isOvercommitAllowed(name), isCountedWhole(name)];
    assert.deepEqual(found, [extended, overcommit, whole], name);
  }
});

test("containers ask for few standard resources, quotas count many", () => {
  assert.deepEqual(["cpu", "hugepages-1Gi", "pods"].map(isStandardContainerResource), [true, true, false]);
  const quota = ["limits.cpu", "requests.storage", "pods", "requests.hugepages-1Gi", "storage"];
  assert.deepEqual(quota.map(isStandardQuotaResource), [true, true, true, true, false]);
});
