import assert from "node:assert/strict";
import { test } from "node:test";
import { objectKey, prefixOf, resourcePrefix, storeKey } from "./keys.ts";

test("resources lie where a kube-apiserver has them", () => {
  const prefixes: readonly (readonly [group: string, resource: string, prefix: string])[] = [
    ["", "pods", "/registry/pods/"],
    ["", "services", "/registry/services/specs/"],
    ["", "endpoints", "/registry/services/endpoints/"],
    ["", "nodes", "/registry/minions/"],
    ["", "replicationcontrollers", "/registry/controllers/"],
    ["", "events", "/registry/events/"],
    ["apps", "deployments", "/registry/deployments/"],
    ["coordination.k8s.io", "leases", "/registry/leases/"],
    ["networking.k8s.io", "ingresses", "/registry/ingress/"],
    ["rbac.authorization.k8s.io", "roles", "/registry/roles/"],
    ["apiextensions.k8s.io", "customresourcedefinitions", "/registry/apiextensions.k8s.io/customresourcedefinitions/"],
    ["apiregistration.k8s.io", "apiservices", "/registry/apiregistration.k8s.io/apiservices/"],
    ["example.com", "widgets", "/registry/example.com/widgets/"],
    ["gateway.networking.k8s.io", "gateways", "/registry/gateway.networking.k8s.io/gateways/"],
  ];
  for (const [group, resource, prefix] of prefixes) assert.equal(resourcePrefix(group, resource), prefix);
});

test("a key leads back to its resource and object", () => {
  const known = new Set([
    "/registry/pods/",
    "/registry/services/specs/",
    "/registry/services/endpoints/",
    "/registry/minions/",
  ]);
  for (const [prefix, namespace, name] of [
    ["/registry/pods/", "default", "web"],
    ["/registry/services/specs/", "default", "web"],
    ["/registry/services/endpoints/", "default", "web"],
    ["/registry/minions/", "", "node-1"],
  ] as const) {
    const key = storeKey(prefix, { namespace, name });
    assert.equal(prefixOf(key, known), prefix);
    assert.deepEqual(objectKey(prefix, key), { namespace, name });
  }
  assert.equal(prefixOf("/registry/podtemplates/default/x", known), undefined);
  assert.equal(prefixOf("/registry/health", known), undefined);
});
