/** What upstream warns of, for kinds that warn of little. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { kind } from "./testing/kind.ts";
import { created } from "./testing/try-kind.ts";

const warnings = (name: string, object: object, old?: object): readonly string[] => {
  const definition = kind(name);
  return definition.warnings?.(created(definition, object), old && created(definition, old)) ?? [];
};

const CLASS = { annotations: { "volume.beta.kubernetes.io/storage-class": "fast" } };

test("a class that is named by an annotation, and fractional bytes, are warned of", () => {
  const deprecated =
    'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead';
  const resources = { requests: { storage: "1500m" }, limits: { storage: "2" } };
  assert.deepEqual(warnings("PersistentVolumeClaim", { metadata: CLASS, spec: { resources } }), [
    deprecated,
    'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
  ]);
  assert.deepEqual(warnings("PersistentVolume", { metadata: CLASS, spec: {} }), [deprecated]);
  const template = { spec: { resources } };
  assert.deepEqual(warnings("StatefulSet", { spec: { volumeClaimTemplates: [template], revisionHistoryLimit: -1 } }), [
    'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended",
  ]);
});

test("volumes of removed types, and the policy Recycle, are warned of", () => {
  const spec = { persistentVolumeReclaimPolicy: "Recycle", rbd: { image: "i" }, storageos: {} };
  assert.deepEqual(warnings("PersistentVolume", { spec }), [
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
    "spec.storageOS: deprecated in v1.22, non-functional in v1.25+",
    "spec.rbd: deprecated in v1.28, non-functional in v1.31+",
  ]);
});

test("old labels of nodes are warned of wherever nodes are selected", () => {
  const text = 'deprecated since v1.14; use "kubernetes.io/os" instead';
  const key = "beta.kubernetes.io/os";
  const expression = { key, operator: "Exists" };
  const terms = [{ matchExpressions: [expression] }];
  assert.deepEqual(
    warnings("PersistentVolume", { spec: { nodeAffinity: { required: { nodeSelectorTerms: terms } } } }),
    [`spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: ${key} is ${text}`],
  );
  const topology = { matchLabelExpressions: [{ key, values: ["linux"] }] };
  assert.deepEqual(warnings("StorageClass", { provisioner: "p", allowedTopologies: [topology] }), [
    `allowedTopologies[0].matchLabelExpressions[0].key: ${text}`,
  ]);
  const selector = { matchExpressions: [expression], matchLabels: { [key]: "linux" } };
  assert.deepEqual(warnings("CSIStorageCapacity", { nodeTopology: selector }), [
    `nodeTopology.matchExpressions[0].key: ${key} is ${text}`,
    `nodeTopology.matchLabels.${key}: ${text}`,
  ]);
  assert.deepEqual(warnings("RuntimeClass", { handler: "h", scheduling: { nodeSelector: { [key]: "linux" } } }), [
    `scheduling.nodeSelector: ${text}`,
  ]);
});

test("addresses that are not in their canonical form are warned of", () => {
  const text = 'IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")';
  const endpoints = [{ addresses: ["2001:DB8::1", "2001:db8::2"] }];
  assert.deepEqual(warnings("EndpointSlice", { addressType: "IPv6", endpoints }), [
    `endpoints[0].addresses[0]: ${text}`,
  ]);
  assert.deepEqual(warnings("Endpoints", { subsets: [{ addresses: [{ ip: "2001:DB8::1" }] }] }), [
    `subsets[0].addresses[0].ip: ${text}`,
  ]);
  const ports = [{ port: 80 }];
  assert.deepEqual(
    warnings("Service", { spec: { ports, type: "LoadBalancer", loadBalancerIP: "2001:DB8::1", externalIPs: [] } }),
    [`spec.loadBalancerIP: ${text}`],
  );
  const ipBlock = { cidr: "2001:DB8::/32", except: ["2001:db8::1/64"] };
  assert.deepEqual(warnings("NetworkPolicy", { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock }] }] } }), [
    'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
    'spec.ingress[0].from[0].ipBlock.except[0]: CIDR value "2001:db8::1/64" is ambiguous in this context (should be "2001:db8::/64" or "2001:db8::1/128"?)',
  ]);
});

test("fields and annotations without effect are warned of", () => {
  assert.deepEqual(warnings("Node", { spec: { externalID: "x", configSource: {} } }), [
    "spec.configSource: the feature is removed",
    "spec.externalID: this field is deprecated, and is unused by Kubernetes",
  ]);
  const account = { metadata: { annotations: { "kubernetes.io/enforce-mountable-secrets": "true" } } };
  assert.deepEqual(warnings("ServiceAccount", account), [
    "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets",
  ]);
  assert.deepEqual(warnings("ServiceAccount", account, account), []);
});

test("a Job of more than 10^5 indexes is warned of", () => {
  const template = { spec: { containers: [{ name: "c", image: "i" }], restartPolicy: "Never" } };
  const spec = { completionMode: "Indexed", completions: 100_001, parallelism: 10_001, template };
  const [text = "", ...rest] = warnings("Job", { spec });
  assert.match(text, /^spec: In Indexed Jobs with a number of completions higher than 10\^5/);
  assert.deepEqual(rest, []);
});
