import { strict as assert } from "node:assert";
import { test } from "node:test";
import { daemonPod, isUpdated, targetNode, templateGeneration } from "./pod.ts";
import { daemon, daemonSet } from "./testing/objects.ts";

const BY_NAME = (name: string) => ({
  nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [name] }] }],
});
const preferred = [{ weight: 1, preference: { matchExpressions: [{ key: "a", operator: "Exists" }] } }];

test("a daemon pod requires its node by name instead of what the template requires, and keeps all other affinity", () => {
  const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone" }] };
  const set = daemonSet(
    {},
    {
      affinity: {
        podAntiAffinity,
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "os", operator: "Exists" }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: preferred,
        },
      },
    },
  );
  assert.deepEqual(daemonPod(set, "n1", "hash").spec?.affinity, {
    podAntiAffinity,
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: BY_NAME("n1"),
      preferredDuringSchedulingIgnoredDuringExecution: preferred,
    },
  });
});

test("a pod is meant for the node that it is bound to, or for the one that its affinity names alone", () => {
  assert.equal(targetNode(daemon("a", "n1")), "n1");
  assert.equal(targetNode(daemon("a", "n2", { unbound: true })), "n2");
  assert.equal(targetNode({ metadata: {}, spec: { containers: [] } } as never), undefined);
  const { nodeSelectorTerms } = BY_NAME("n1");
  nodeSelectorTerms[0]!.matchFields[0]!.values.push("n2");
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
  assert.equal(targetNode({ ...daemon("a", "n1"), spec: { containers: [], affinity } }), undefined);
});

test("a pod is of the present template by the hash of its revision or by the number of the template", () => {
  const old = daemon("a", "n1", { old: true });
  assert.equal(isUpdated(old, "new", "2"), false);
  assert.equal(isUpdated(old, "old", "2"), true);
  assert.equal(isUpdated(old, "new", "1"), true);
  assert.equal(isUpdated(old, "new", undefined), false);
});

test("a number of the template that cannot be read is none, and pods get no label of it", () => {
  const { metadata, ...rest } = daemonSet();
  const annotations = { "deprecated.daemonset.template.generation": "two" };
  const set = { ...rest, metadata: { ...metadata, annotations } };
  assert.equal(templateGeneration(set), undefined);
  assert.deepEqual(daemonPod(set, "n1", "hash").metadata.labels, { app: "agent", "controller-revision-hash": "hash" });
});
