import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodDisruptionBudget } from "#objects";
import type { WriteContext } from "../../definition.ts";
import { podDisruptionBudgets } from "./pod-disruption-budget.ts";

const budget = (spec: object, status: object = {}): PodDisruptionBudget =>
  ({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "b", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec,
    status,
  }) as PodDisruptionBudget;

const wrong = (spec: object) =>
  podDisruptionBudgets.validate?.(budget(spec), {} as WriteContext).map(({ field, message }) => `${field}: ${message}`);

test("a disruption budget's bounds and policy are checked in upstream's words", () => {
  assert.deepEqual(wrong({ minAvailable: "50%", selector: {} }), []);
  assert.deepEqual(wrong({ minAvailable: "150%", maxUnavailable: -1, unhealthyPodEvictionPolicy: "X" }), [
    'spec: Invalid value: {"minAvailable":"150%","maxUnavailable":-1,"unhealthyPodEvictionPolicy":"X"}: minAvailable and maxUnavailable cannot be both set',
    'spec.minAvailable: Invalid value: "150%": must not be greater than 100%',
    "spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
    'spec.unhealthyPodEvictionPolicy: Unsupported value: "X": supported values: "AlwaysAllow", "IfHealthyBudget"',
  ]);
});

test("a disruption budget shows its bounds and allowed disruptions as columns", () => {
  const cells = podDisruptionBudgets.columns?.map(({ cell }) =>
    cell(budget({ minAvailable: 2 }, { disruptionsAllowed: 1 }), Date.UTC(2026, 0, 1, 1)),
  );
  assert.deepEqual(cells, ["2", "N/A", 1, "60m"]);
});
