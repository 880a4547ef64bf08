import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace } from "#objects";
import { staleVersions, terminatingConditions, type Remaining } from "./conditions.ts";

const namespace: Namespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "a" },
  spec: { finalizers: ["kubernetes", "example.com/mine"] },
};

test("conditions tell what is left and what holds it", () => {
  const remaining: Remaining[] = [
    { group: "", resource: "pods", count: 3, finalizers: { "x/y": 2, "z/w": 1 } },
    { group: "example.com", resource: "widgets", count: 1, finalizers: { "x/y": 1 } },
  ];
  const conditions = terminatingConditions(namespace, { remaining, failures: [], unknown: [] }, "now");
  const texts = Object.fromEntries(conditions.map(({ type, status, message }) => [type, [status, message]]));
  assert.deepEqual(texts["NamespaceContentRemaining"], [
    "True",
    "Some resources are remaining: pods. has 3 resource instances, widgets.example.com has 1 resource instances",
  ]);
  assert.deepEqual(texts["NamespaceFinalizersRemaining"], [
    "True",
    "Some content in the namespace has finalizers remaining: x/y in 3 resource instances, z/w in 1 resource instances",
  ]);
  assert.equal(texts["NamespaceDeletionContentFailure"]![0], "False");
});

test("a condition that does not turn keeps its time", () => {
  const first = terminatingConditions(namespace, { remaining: [], failures: [], unknown: [] }, "then");
  const second = terminatingConditions(
    { ...namespace, status: { conditions: first } },
    { remaining: [], failures: ["no"], unknown: [] },
    "now",
  );
  assert.deepEqual(
    second.filter(({ lastTransitionTime }) => lastTransitionTime === "now").map(({ type }) => type),
    ["NamespaceDeletionContentFailure"],
  );
});

test("what went wrong is told in the same order whatever came first", () => {
  const conditions = terminatingConditions(namespace, { remaining: [], failures: ["b", "a"], unknown: [] }, "now");
  const found = conditions.find(({ type }) => type === "NamespaceDeletionContentFailure");
  assert.equal(found?.message, "Failed to delete all resource types, 2 remaining: a, b");
});

test("groups whose server does not answer are named, and count as a failed discovery", () => {
  const resources = [] as const;
  const unknown = staleVersions([
    {
      name: "x.io",
      versions: [
        { version: "v1", stale: true, resources },
        { version: "v2", stale: false, resources },
      ],
    },
    { name: "b.io", versions: [{ version: "v1", stale: true, resources }] },
  ]);
  const conditions = terminatingConditions(namespace, { remaining: [], failures: [], unknown }, "now");
  const found = conditions.find(({ type }) => type === "NamespaceDeletionDiscoveryFailure");
  assert.equal(`${found?.status} ${found?.reason}`, "True DiscoveryFailed");
  assert.equal(
    found?.message,
    "Discovery failed for some groups, 2 failing: unable to retrieve the complete list of server APIs: " +
      "b.io/v1: stale GroupVersion discovery: b.io/v1, x.io/v1: stale GroupVersion discovery: x.io/v1",
  );
});
