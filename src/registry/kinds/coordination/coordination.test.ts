import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { featureGates } from "../../enablement/feature-gates.ts";
import { builtInKinds } from "../index.ts";
import { kind } from "../testing/kind.ts";
import { body, cells, wrong, wrongChange } from "../testing/try-kind.ts";

describe("coordination and scheduling", () => {
  test("a Lease's durations and strategy are checked, and its holder is a column", () => {
    const spec = { leaseDurationSeconds: 0, leaseTransitions: -1, preferredHolder: "a" };
    const errors = [
      "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
      "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    ];
    assert.deepEqual(wrong(kind("Lease"), { spec }), errors);
    const gates = featureGates({ CoordinatedLeaderElection: true });
    assert.deepEqual(wrong(kind("Lease", builtInKinds({ gates })), { spec }), [
      ...errors,
      "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined",
    ]);
    assert.deepEqual(cells(kind("Lease"), { spec: { holderIdentity: "me" } }), { Holder: "me" });
  });

  test("a LeaseCandidate's binary may not be older than the version that it emulates", () => {
    const candidate = {
      leaseName: "l",
      binaryVersion: "1.35.0",
      emulationVersion: "1.36.0",
      strategy: "OldestEmulationVersion",
    };
    assert.deepEqual(wrong(kind("LeaseCandidate"), { spec: candidate }), [
      'spec.binaryVersion: Invalid value: "1.35.0": must be greater than or equal to `emulationVersion`',
    ]);
  });

  test("a PriorityClass has the system's names and values only where upstream does, and is immutable", () => {
    const classes = kind("PriorityClass");
    assert.equal(body(classes, { value: 5 })["preemptionPolicy"], "PreemptLowerPriority");
    assert.deepEqual(wrong(classes, { value: 1_000_000_001 }), [
      "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
    ]);
    assert.deepEqual(wrong(classes, { metadata: { name: "system-mine" }, value: 1 }), [
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ]);
    assert.deepEqual(wrong(classes, { metadata: { name: "system-node-critical" }, value: 2_000_001_000 }), []);
    assert.deepEqual(wrongChange(classes, { value: 1 }, { value: 2, preemptionPolicy: "Never" }), [
      "value: Forbidden: may not be changed in an update.",
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]);
  });
});
