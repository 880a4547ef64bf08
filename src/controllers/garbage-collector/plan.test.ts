import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, type KubeObject, type OwnerReference } from "#objects";
import { nodeOf } from "./graph.ts";
import { planCollect, type OwnerState } from "./plan.ts";

const ownedBy = (uid: string, blockOwnerDeletion = false): OwnerReference => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: uid,
  uid,
  blockOwnerDeletion,
});

function object(uid: string, owners: OwnerReference[] = [], more: Partial<KubeObject["metadata"]> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: uid, namespace: "a", uid, resourceVersion: "1", ownerReferences: owners, ...more },
  };
}

const node = (object: KubeObject) => nodeOf(CONFIG_MAPS, object);
const deleting = (finalizer: string) => ({ deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [finalizer] });

const collect = (subject: KubeObject, owners: readonly OwnerState[], dependents: KubeObject[] = []) =>
  planCollect({ object: subject, node: node(subject), dependents: dependents.map(node), owners });
const steps = (...args: Parameters<typeof collect>) => collect(...args).steps;

test("an object goes when the last of its owners is gone, as its finalizers say", () => {
  assert.deepEqual(collect(object("x", [ownedBy("o")]), ["absent"]), {
    steps: [{ type: "delete", policy: "Background" }],
    because: "none of its owners is left",
  });
  assert.deepEqual(steps(object("x", [ownedBy("o"), ownedBy("p")]), ["absent", "absent"]), [
    { type: "delete", policy: "Background" },
  ]);
  assert.deepEqual(steps(object("x", [ownedBy("o")], { finalizers: ["orphan"] }), ["absent"]), [
    { type: "delete", policy: "Orphan" },
  ]);
  assert.deepEqual(steps(object("x", [ownedBy("o")], { finalizers: ["foregroundDeletion"] }), ["absent"]), [
    { type: "delete", policy: "Foreground" },
  ]);
  assert.deepEqual(steps(object("x"), []), []);
});

test("while one owner is left, references to the others are dropped", () => {
  const three = object("x", [ownedBy("o"), ownedBy("p"), ownedBy("q")]);
  assert.deepEqual(steps(three, ["absent", "solid", "waiting"]), [{ type: "drop-owners", uids: ["o", "q"] }]);
  assert.deepEqual(steps(three, ["solid", "solid", "solid"]), []);
});

test("a cluster-scoped object that names a namespaced owner is kept, whatever its other owners are", () => {
  const subject = object("x", [ownedBy("o"), ownedBy("p")]);
  for (const other of ["absent", "solid", "waiting"] as const) {
    assert.deepEqual(collect(subject, [other, "invalid"]), {
      steps: [],
      because: "it is cluster-scoped and names a namespaced owner",
    });
  }
});

test("foreground deletion waits for blocking dependents only", () => {
  const owner = object("o", [], deleting("foregroundDeletion"));
  assert.deepEqual(steps(owner, [], [object("x", [ownedBy("o", true)]), object("y", [ownedBy("o")])]), [
    { type: "attempt", uids: ["x"] },
  ]);
  assert.deepEqual(steps(owner, [], [object("y", [ownedBy("o")])]), [
    { type: "remove-finalizer", finalizer: "foregroundDeletion" },
  ]);
});

test("a dependent of an owner deleted in the foreground goes in the foreground if it has dependents of its own", () => {
  const middle = object("x", [ownedBy("o", true)]);
  assert.deepEqual(steps(middle, ["waiting"], [object("y", [ownedBy("x")])]), [
    { type: "delete", policy: "Foreground" },
  ]);
  assert.deepEqual(steps(middle, ["waiting"]), [{ type: "delete", policy: "Background" }]);
});

test("a ring of foreground deletions is broken by unblocking", () => {
  const middle = object("x", [ownedBy("o", true)]);
  const ring = object("o", [ownedBy("x", true)], deleting("foregroundDeletion"));
  assert.deepEqual(steps(middle, ["waiting"], [ring]), [
    { type: "unblock-owners" },
    { type: "delete", policy: "Foreground" },
  ]);
});
