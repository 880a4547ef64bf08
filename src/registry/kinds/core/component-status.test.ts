import assert from "node:assert/strict";
import { test } from "node:test";
import { kind } from "../testing/kind.ts";
import { cells, CONTEXT } from "../testing/try-kind.ts";

test("component statuses are computed when asked for, and healthy", async () => {
  const statuses = kind("ComponentStatus");
  const all = (await statuses.computedObjects?.(CONTEXT.registry, "")) ?? [];
  assert.deepEqual(
    all.map(({ metadata }) => metadata.name),
    ["controller-manager", "etcd-0", "scheduler"],
  );
  assert.deepEqual(cells(statuses, all[0]!), { Status: "Healthy", Message: "ok", Error: "" });
});
