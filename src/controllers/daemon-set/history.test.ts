import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { ControllerRevision } from "#objects";
import { planCleanup, planMerge, type HistoryStep } from "./history.ts";
import { daemon, daemonSet } from "./testing/objects.ts";

const revision = (name: string, image = name, number = 1): ControllerRevision => ({
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  metadata: { name, labels: { "controller-revision-hash": name } },
  data: { spec: { template: { $patch: "replace", spec: { containers: [{ name: "c", image }] } } } },
  revision: number,
});
const tell = (step: HistoryStep) =>
  step.type === "relabel"
    ? `relabel ${step.pod.metadata.name} ${step.hash}`
    : `delete ${step.revisions.map(({ metadata }) => metadata.name).join(", ")}`;

test("a revision that says the same as the present one goes, and its pods get the label of that one", () => {
  const [present, same, other] = [revision("new"), revision("old", "new"), revision("older")];
  const pods = [daemon("a", "n1", { old: true }), daemon("b", "n2")];
  const { steps } = planMerge({ set: daemonSet(), revisions: [other, same, present], present, pods });
  assert.deepEqual(steps.map(tell), ["relabel a new", "delete old"]);
  assert.deepEqual(planMerge({ set: daemonSet(), revisions: [other, present], present, pods }).steps, []);
});

test("the lowest old revisions beyond the limit go, except those that pods were made from", () => {
  const present = revision("new");
  const revisions = [revision("old"), revision("a"), revision("b"), revision("c"), present];
  const pods = [daemon("p", "n1", { old: true })];
  const cleanup = (revisionHistoryLimit: number) =>
    planCleanup({ set: daemonSet({ revisionHistoryLimit }), revisions, present, pods }).steps.map(tell);
  assert.deepEqual(cleanup(10), []);
  assert.deepEqual(cleanup(2), ["delete a, b"]);
  assert.deepEqual(cleanup(0), ["delete a, b, c"]);
});
