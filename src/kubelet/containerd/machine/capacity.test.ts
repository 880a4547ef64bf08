import assert from "node:assert/strict";
import { test } from "node:test";
import { allocatableOf, capacityOf } from "./capacity.ts";
import { thresholdValue } from "./thresholds.ts";

const GI = 1024 ** 3;
const capacity = capacityOf({
  cpus: 4,
  memory: 8 * GI,
  storage: 100_000_000_000,
  pods: 110,
  hugePages: { "1Gi": 0, "2Mi": GI },
});

test("a machine's capacity is written as quantities", () => {
  assert.deepEqual(capacity, {
    cpu: "4",
    "ephemeral-storage": "97656250Ki",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "1Gi",
    memory: "8Gi",
    pods: "110",
  });
});

test("pods get what is not reserved, not kept against shortage, and no huge page", () => {
  assert.deepEqual(allocatableOf(capacity), {
    cpu: "4",
    "ephemeral-storage": "87890625Ki",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "1Gi",
    memory: "7068Mi",
    pods: "110",
  });
  const reserved = allocatableOf(capacity, {
    system: { cpu: "500m", memory: "1Gi" },
    kubernetes: { cpu: "1", "ephemeral-storage": "1Ti" },
    thresholds: {},
  });
  assert.deepEqual([reserved["cpu"], reserved["memory"], reserved["ephemeral-storage"]], ["2500m", "6Gi", "0"]);
});

test("thresholds are amounts or percentages", () => {
  assert.equal(thresholdValue("100Mi", 1), 100 * 1024 ** 2);
  assert.equal(thresholdValue("15%", 1001), 150);
  for (const wrong of ["x", "x%", "-1%", "101%"]) assert.throws(() => thresholdValue(wrong, 1));
});
