import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyDraft, KubeObject } from "#objects";
import type { ResourceDefinition } from "../definition.ts";
import { GRACEFUL, widget, WIDGETS } from "../testing/world.ts";
import { finalizersFor, isReleased, planDeletion, type DeletionPlan } from "./deletion.ts";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);
const object = (metadata: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
  widget("a", more, { generation: 1, ...metadata }) as KubeObject;
const changed = (plan: DeletionPlan) => {
  assert.equal(plan.type, "update");
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers, generation } = plan.draft.metadata;
  return { deletionTimestamp, deletionGracePeriodSeconds, finalizers, generation, thenRemove: plan.thenRemove };
};

test("an object that nothing holds is removed at once", () => {
  assert.deepEqual(planDeletion(WIDGETS, object(), {}, NOW), { type: "remove" });
});

test("a finalizer holds it, with a mark that is made once", () => {
  const plan = planDeletion(WIDGETS, object({ finalizers: ["x/y"] }), {}, NOW);
  assert.deepEqual(changed(plan), {
    deletionTimestamp: "2026-01-01T12:00:00Z",
    deletionGracePeriodSeconds: 0,
    finalizers: ["x/y"],
    generation: 2,
    thenRemove: false,
  });
  const marked = plan.type === "update" ? (plan.draft as KubeObject) : object();
  assert.deepEqual(planDeletion(WIDGETS, marked, {}, NOW + 5000), { type: "pending" });
});

test("the propagation policy is a finalizer of the garbage collector's", () => {
  const orphaning: ResourceDefinition = { ...WIDGETS, defaultPropagation: "Orphan" };
  const expiring: ResourceDefinition = { ...WIDGETS, ttlMs: 1000 };
  const cases: readonly (readonly [
    ResourceDefinition,
    string[],
    "Orphan" | "Background" | "Foreground" | undefined,
    string[],
  ])[] = [
    [WIDGETS, [], undefined, []],
    [WIDGETS, [], "Orphan", ["orphan"]],
    [WIDGETS, [], "Foreground", ["foregroundDeletion"]],
    [WIDGETS, ["x/y"], "Foreground", ["x/y", "foregroundDeletion"]],
    [WIDGETS, ["foregroundDeletion", "x/y"], undefined, ["foregroundDeletion", "x/y"]],
    [WIDGETS, ["foregroundDeletion", "x/y"], "Background", ["x/y"]],
    [WIDGETS, ["foregroundDeletion"], "Orphan", ["orphan"]],
    [orphaning, [], undefined, ["orphan"]],
    [orphaning, [], "Background", []],
    [orphaning, ["foregroundDeletion"], undefined, ["foregroundDeletion"]],
    [expiring, [], "Foreground", []],
  ];
  for (const [definition, finalizers, policy, expected] of cases) {
    assert.deepEqual(finalizersFor(definition, object({ finalizers }), policy), expected);
  }
});

test("a graceful deletion can be made shorter, never longer", () => {
  const first = changed(planDeletion(GRACEFUL, object(), {}, NOW));
  assert.deepEqual(first, {
    deletionTimestamp: "2026-01-01T12:00:30Z",
    deletionGracePeriodSeconds: 30,
    finalizers: undefined,
    generation: 2,
    thenRemove: false,
  });
  const deleting = object({ ...first, generation: 2 });
  const again = (gracePeriodSeconds: number | undefined, after = 5000) =>
    planDeletion(GRACEFUL, deleting, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }, NOW + after);
  assert.deepEqual(again(undefined), { type: "pending" });
  assert.deepEqual(again(30), { type: "pending" });
  assert.deepEqual(again(60), { type: "pending" });
  const shorter = changed(again(10));
  assert.equal(shorter.deletionTimestamp, "2026-01-01T12:00:10Z");
  assert.equal(shorter.deletionGracePeriodSeconds, 10);
  assert.equal(shorter.generation, 2);
  // All of the shorter time is over: it ends now, but is seen to.
  const over = changed(again(10, 20_000));
  assert.deepEqual(
    [over.deletionTimestamp, over.deletionGracePeriodSeconds, over.thenRemove],
    ["2026-01-01T12:00:20Z", 1, false],
  );
  const now = changed(again(0));
  assert.deepEqual(
    [now.deletionTimestamp, now.deletionGracePeriodSeconds, now.thenRemove],
    ["2026-01-01T12:00:05Z", 0, true],
  );
  // A negative one counts as a second.
  assert.equal(changed(again(-5)).deletionGracePeriodSeconds, 1);
});

test("a deletion without grace removes after its mark, unless a finalizer holds", () => {
  assert.equal(changed(planDeletion(GRACEFUL, object(), { gracePeriodSeconds: 0 }, NOW)).thenRemove, true);
  assert.equal(
    changed(planDeletion(GRACEFUL, object({ finalizers: ["x/y"] }), { gracePeriodSeconds: 0 }, NOW)).thenRemove,
    false,
  );
  const marked = object({ deletionTimestamp: "2026-01-01T11:00:00Z", deletionGracePeriodSeconds: 0 });
  assert.deepEqual(planDeletion(GRACEFUL, marked, {}, NOW), { type: "remove" });
});

test("a hold of the kind's own counts like a finalizer, without grace seconds", () => {
  const held: ResourceDefinition = {
    ...WIDGETS,
    isHeld: (it) => (it as { spec?: { held?: boolean } }).spec?.held === true,
    prepareForDeletion: (draft) => {
      (draft as AnyDraft)["status"] = { phase: "Terminating" };
    },
  };
  const plan = planDeletion(held, object({}, { spec: { held: true } }), {}, NOW);
  assert.equal(changed(plan).deletionGracePeriodSeconds, undefined);
  assert.ok(plan.type === "update");
  assert.deepEqual(plan.draft["status"], { phase: "Terminating" });
  assert.deepEqual(planDeletion(held, object(), {}, NOW), { type: "remove" });
  assert.equal(isReleased(held, widget("a", { spec: { held: true } }), plan.draft as KubeObject), false);
  assert.equal(isReleased(held, widget("a"), plan.draft as KubeObject), true);
});

test("an update releases an object that waits only for its finalizers", () => {
  const waiting = { deletionTimestamp: "2026-01-01T11:00:00Z", deletionGracePeriodSeconds: 0, finalizers: ["x/y"] };
  assert.equal(isReleased(WIDGETS, widget("a"), object(waiting)), true);
  assert.equal(isReleased(WIDGETS, widget("a", {}, { finalizers: ["x/z"] }), object(waiting)), false);
  assert.equal(isReleased(WIDGETS, widget("a"), object({ finalizers: ["x/y"] })), false);
  assert.equal(isReleased(WIDGETS, widget("a"), object({ ...waiting, deletionGracePeriodSeconds: 30 })), false);
});
