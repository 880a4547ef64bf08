import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, type KubeObject, type OwnerReference } from "#objects";
import { createOwnershipGraph, nodeOf } from "./graph.ts";
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

function collect(subject: KubeObject, owners: Record<string, OwnerState>, dependents: KubeObject[] = []) {
  return planCollect({
    object: subject,
    node: node(subject),
    dependents: dependents.map(node),
    owners: new Map(Object.entries(owners)),
  });
}

test("an object goes when the last of its owners is gone, as its finalizers say", () => {
  assert.deepEqual(collect(object("x", [ownedBy("o")]), { o: "absent" }), { type: "delete", policy: "Background" });
  assert.deepEqual(collect(object("x", [ownedBy("o"), ownedBy("p")]), { o: "absent", p: "absent" }), {
    type: "delete",
    policy: "Background",
  });
  assert.deepEqual(collect(object("x", [ownedBy("o")], { finalizers: ["orphan"] }), { o: "absent" }), {
    type: "delete",
    policy: "Orphan",
  });
  assert.deepEqual(collect(object("x", [ownedBy("o")], { finalizers: ["foregroundDeletion"] }), { o: "absent" }), {
    type: "delete",
    policy: "Foreground",
  });
  assert.deepEqual(collect(object("x"), {}), { type: "nothing" });
});

test("while one owner is left, references to the others are dropped", () => {
  const both = object("x", [ownedBy("o"), ownedBy("p"), ownedBy("q")]);
  assert.deepEqual(collect(both, { o: "absent", p: "solid", q: "waiting" }), { type: "drop-owners", uids: ["o", "q"] });
  assert.deepEqual(collect(both, { o: "solid", p: "solid", q: "solid" }), { type: "nothing" });
});

test("foreground deletion waits for blocking dependents only", () => {
  const owner = object("o", [], deleting("foregroundDeletion"));
  assert.deepEqual(collect(owner, {}, [object("x", [ownedBy("o", true)]), object("y", [ownedBy("o")])]), {
    type: "attempt",
    uids: ["x"],
  });
  assert.deepEqual(collect(owner, {}, [object("y", [ownedBy("o")])]), {
    type: "remove-finalizer",
    finalizer: "foregroundDeletion",
  });
});

test("a dependent of an owner deleted in the foreground goes in the foreground if it has dependents of its own", () => {
  const middle = object("x", [ownedBy("o", true)]);
  assert.deepEqual(collect(middle, { o: "waiting" }, [object("y", [ownedBy("x")])]), {
    type: "delete",
    policy: "Foreground",
  });
  assert.deepEqual(collect(middle, { o: "waiting" }), { type: "delete", policy: "Background" });
});

test("a ring of foreground deletions is broken by unblocking", () => {
  const middle = object("x", [ownedBy("o", true)]);
  const ring = object("o", [ownedBy("x", true)], deleting("foregroundDeletion"));
  assert.deepEqual(collect(middle, { o: "waiting" }, [ring]), { type: "unblock-and-delete" });
});

test("the graph wakes what a change concerns", () => {
  const graph = createOwnershipGraph();
  const put = (subject: KubeObject) => graph.put(node(subject));
  assert.deepEqual(put(object("o")), { attemptToDelete: [], attemptToOrphan: [] });
  assert.deepEqual(put(object("x", [ownedBy("o", true)])).attemptToDelete, [], "its owner is known");
  assert.deepEqual(put(object("y", [ownedBy("gone")])).attemptToDelete, ["y"], "its owner is unknown");
  assert.deepEqual(
    graph.dependents("o").map(({ identity }) => identity.uid),
    ["x"],
  );
  assert.deepEqual(put(object("o", [], deleting("foregroundDeletion"))).attemptToDelete, ["x", "o"]);
  assert.deepEqual(put(object("late", [ownedBy("o", true)])).attemptToDelete, ["late"], "its owner is on the way out");
  assert.deepEqual(graph.remove("x").attemptToDelete, ["o"], "an owner that waited for it");
  assert.deepEqual(put(object("late", [ownedBy("o", false)])).attemptToDelete, ["o"], "it blocks no more");
  assert.deepEqual(graph.remove("o").attemptToDelete, ["late"]);
  assert.deepEqual(put(object("z", [], deleting("orphan"))), { attemptToDelete: [], attemptToOrphan: ["z"] });
  for (const uid of ["late", "y", "z"]) graph.remove(uid);
  assert.equal(graph.size, 0);
});

test("a change that touches no ownership wakes nothing", () => {
  const graph = createOwnershipGraph();
  graph.put(node(object("o")));
  graph.put(node(object("x", [ownedBy("o")])));
  assert.deepEqual(graph.put(node(object("x", [ownedBy("o")], { labels: { a: "b" } }))), {
    attemptToDelete: [],
    attemptToOrphan: [],
  });
});
