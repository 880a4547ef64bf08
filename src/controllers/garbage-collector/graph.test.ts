import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, NAMESPACES, SECRETS, type KubeObject, type OwnerReference, type ResourceType } from "#objects";
import { nodeOf, OwnershipGraph, type GraphNode } from "./graph.ts";

const ownedBy = (uid: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: uid,
  uid,
  ...more,
});

function node(
  uid: string,
  owners: readonly OwnerReference[] = [],
  more: Partial<KubeObject["metadata"]> = {},
  type: ResourceType = CONFIG_MAPS,
): GraphNode {
  const namespace = type.namespaced ? { namespace: "a" } : {};
  const metadata = { name: uid, uid, resourceVersion: "1", ownerReferences: owners, ...namespace, ...more };
  return nodeOf(type, { apiVersion: "v1", kind: type.kind, metadata });
}

const deleting = (finalizer: string) => ({ deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [finalizer] });
const NOTHING = { attemptToDelete: [], attemptToOrphan: [], invalidReferences: [] };

test("the graph asks to look at what a change concerns", () => {
  const graph = new OwnershipGraph();
  assert.deepEqual(graph.put(node("o")), NOTHING);
  assert.deepEqual(graph.put(node("x", [ownedBy("o", { blockOwnerDeletion: true })])), NOTHING, "its owner is known");
  assert.deepEqual(
    graph.dependents("o").map(({ coordinates }) => coordinates.uid),
    ["x"],
  );
  assert.deepEqual(graph.put(node("o", [], deleting("foregroundDeletion"))).attemptToDelete, ["x", "o"]);
  const late = graph.put(node("late", [ownedBy("o", { blockOwnerDeletion: true })]));
  assert.deepEqual(late.attemptToDelete, ["late"], "its owner is on the way out");
  assert.deepEqual(graph.remove(node("x").coordinates).attemptToDelete, ["o"], "an owner that waited for it");
  assert.deepEqual(graph.put(node("late", [ownedBy("o")])).attemptToDelete, ["o"], "it blocks no more");
  assert.deepEqual(graph.remove(node("o").coordinates).attemptToDelete, ["late"]);
  assert.deepEqual(graph.put(node("z", [], deleting("orphan"))), { ...NOTHING, attemptToOrphan: ["z"] });
  for (const uid of ["late", "z"]) graph.remove(node(uid).coordinates);
  assert.equal(graph.size, 0);
});

test("a change that touches no ownership asks for nothing", () => {
  const graph = new OwnershipGraph();
  graph.put(node("o"));
  graph.put(node("x", [ownedBy("o")]));
  assert.deepEqual(graph.put(node("x", [ownedBy("o")], { labels: { a: "b" } })), NOTHING);
});

test("an owner that no watch has shown is asked for, once, and its dependents go when it is missing", () => {
  const graph = new OwnershipGraph();
  assert.deepEqual(graph.put(node("x", [ownedBy("gone")])).attemptToDelete, ["gone"]);
  assert.deepEqual(graph.put(node("y", [ownedBy("gone")])), NOTHING);
  const virtual = graph.get("gone");
  assert.equal(virtual?.observed, false);
  assert.deepEqual(graph.missing(virtual!.coordinates).attemptToDelete, ["x", "y"]);
  assert.equal(graph.get("gone"), undefined);
  assert.equal(graph.isAbsent(virtual!.coordinates), true);
});

test("a virtual owner goes with the last reference to it", () => {
  const graph = new OwnershipGraph();
  graph.put(node("x", [ownedBy("unseen")]));
  graph.put(node("x"));
  assert.equal(graph.get("unseen"), undefined);
});

test("an owner in another namespace is reported, whichever of the two is seen first", () => {
  const reported = {
    dependent: { apiVersion: "v1", kind: "ConfigMap", namespace: "a", name: "x", uid: "x" },
    owner: { apiVersion: "v1", kind: "Secret", namespace: "a", name: "o", uid: "o" },
  };
  const owner = node("o", [], { namespace: "b" }, SECRETS);
  const dependent = node("x", [ownedBy("o", { kind: "Secret" })]);
  const ownerFirst = new OwnershipGraph();
  ownerFirst.put(owner);
  assert.deepEqual(ownerFirst.put(dependent), { ...NOTHING, attemptToDelete: ["x"], invalidReferences: [reported] });
  const dependentFirst = new OwnershipGraph();
  assert.deepEqual(dependentFirst.put(dependent).attemptToDelete, ["o"]);
  assert.deepEqual(dependentFirst.put(owner), { ...NOTHING, attemptToDelete: ["x"], invalidReferences: [reported] });
});

test("a cluster-scoped object with a namespaced owner is reported", () => {
  const graph = new OwnershipGraph();
  graph.put(node("o", [], {}, SECRETS));
  const effects = graph.put(node("ns", [ownedBy("o", { kind: "Secret" })], {}, NAMESPACES));
  assert.deepEqual(effects.invalidReferences, [
    {
      dependent: { apiVersion: "v1", kind: "Namespace", namespace: "", name: "ns", uid: "ns" },
      owner: { apiVersion: "v1", kind: "Secret", namespace: "", name: "o", uid: "o" },
    },
  ]);
});

test("a wrong name or kind asks for a look at the dependent and reports nothing", () => {
  for (const wrong of [{ name: "other" }, { kind: "Secret" }, { apiVersion: "example.org/v1" }]) {
    const graph = new OwnershipGraph();
    graph.put(node("o"));
    assert.deepEqual(graph.put(node("x", [ownedBy("o", wrong)])), { ...NOTHING, attemptToDelete: ["x"] });
    assert.deepEqual(graph.put(node("y", [ownedBy("o")])), NOTHING);
    assert.deepEqual(graph.put(node("y", [ownedBy("o", wrong)])), { ...NOTHING, attemptToDelete: ["y"] });
  }
});

test("dependents that disagree about an unseen owner are asked in turn, and only those proven wrong go", () => {
  const graph = new OwnershipGraph();
  graph.put(node("x", [ownedBy("o", { name: "one" })]));
  graph.put(node("y", [ownedBy("o", { name: "two" })]));
  const first = graph.get("o")!.coordinates;
  assert.equal(first.name, "one");
  assert.deepEqual(graph.missing(first).attemptToDelete, ["x"]);
  assert.equal(graph.get("o")?.coordinates.name, "two");
  assert.equal(graph.isAbsent(first), true);
  assert.equal(graph.isAbsent({ ...first, name: "two" }), false);
  graph.put(node("o", [], { name: "two" }));
  assert.deepEqual(graph.missing(first).attemptToDelete, ["x"], "what is there is not taken for missing");
  assert.equal(graph.get("o")?.observed, true);
});

test("a node of a kind that is followed no more leaves the graph, or stays as a name for what it owns", () => {
  const graph = new OwnershipGraph();
  graph.put(node("o"));
  graph.put(node("middle", [ownedBy("o")]));
  graph.put(node("x", [ownedBy("middle")]));
  assert.deepEqual(graph.forget("middle"), NOTHING, "nothing follows from it");
  assert.equal(graph.get("middle")?.observed, false);
  assert.deepEqual(graph.dependents("o"), []);
  assert.equal(graph.isAbsent(node("middle").coordinates), false);
  graph.put(node("o", [], deleting("foregroundDeletion")));
  graph.put(node("last", [ownedBy("o")]));
  assert.deepEqual(graph.forget("last").attemptToDelete, ["o"], "it waited for that");
  assert.deepEqual(graph.forget("last"), NOTHING);
  assert.equal(graph.get("last"), undefined);
});
