import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, PODS, SECRETS, type KubeObject, type Namespace } from "#objects";
import { finalized, inDeletionOrder, remainingOf, staleVersions, terminatingConditions } from "./plan.ts";

const namespace: Namespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "a" },
  spec: { finalizers: ["kubernetes", "example.com/mine"] },
};
const held = (...finalizers: string[]): KubeObject => ({ apiVersion: "v1", kind: "Pod", metadata: { finalizers } });

test("pods go first", () => {
  assert.deepEqual(inDeletionOrder([CONFIG_MAPS, PODS, SECRETS]), [[PODS], [CONFIG_MAPS, SECRETS]]);
});

test("conditions tell what is left and what holds it", () => {
  const remaining = [remainingOf("pods", [held("x/y"), held("x/y", "z/w"), held()]), remainingOf("secrets", [held()])];
  const conditions = terminatingConditions(namespace, { remaining, failures: [], unknown: [] }, "now");
  const texts = Object.fromEntries(conditions.map(({ type, status, message }) => [type, [status, message]]));
  assert.deepEqual(texts["NamespaceContentRemaining"], [
    "True",
    "Some resources are remaining: pods has 3 resource instances, secrets has 1 resource instances",
  ]);
  assert.deepEqual(texts["NamespaceFinalizersRemaining"], [
    "True",
    "Some content in the namespace has finalizers remaining: x/y in 2 resource instances, z/w in 1 resource instances",
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

test("only our own finalizer is taken out", () => {
  assert.deepEqual(finalized(namespace).spec?.finalizers, ["example.com/mine"]);
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
