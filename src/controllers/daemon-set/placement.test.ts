import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import type { PodSpec, Taint } from "#objects";
import { daemonTolerations, placementOf } from "./placement.ts";
import { node } from "./testing/objects.ts";

const on = (spec: Partial<PodSpec>, ...given: Parameters<typeof node>) =>
  placementOf({ spec: { containers: [], ...spec } })(node(...given));
const required = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const taint = (key: string, effect: string): Taint => ({ key, effect });

const WANTED = { shouldRun: true, mayStay: true };
const TOLERATED = { shouldRun: false, mayStay: true };
const UNWANTED = { shouldRun: false, mayStay: false };

describe("a pod of a DaemonSet belongs on a node", () => {
  test("whatever it is, unless the template says otherwise", () => {
    assert.deepEqual(on({}, "n1"), WANTED);
  });

  test("of the name that the template has, and on no other", () => {
    assert.deepEqual(on({ nodeName: "n1" }, "n1"), WANTED);
    assert.deepEqual(on({ nodeName: "n1" }, "n2"), UNWANTED);
  });

  test("with all labels of the node selector", () => {
    const spec = { nodeSelector: { a: "1", b: "2" } };
    assert.deepEqual(on(spec, "n1", { labels: { a: "1", b: "2", c: "3" } }), WANTED);
    assert.deepEqual(on(spec, "n1", { labels: { a: "1" } }), UNWANTED);
  });

  test("that one term of the required node affinity selects, by labels or by name", () => {
    const spec = required(
      { matchExpressions: [{ key: "a", operator: "Exists" }] },
      { matchFields: [{ key: "metadata.name", operator: "In", values: ["n2"] }] },
    );
    assert.deepEqual(on(spec, "n1", { labels: { a: "" } }), WANTED);
    assert.deepEqual(on(spec, "n2"), WANTED);
    assert.deepEqual(on(spec, "n3"), UNWANTED);
    assert.deepEqual(on(required({}), "n1"), UNWANTED, "an empty term selects nothing");
  });

  test("without taints that it does not tolerate; one that is there may stay unless they drive it away", () => {
    assert.deepEqual(on({}, "n1", { taints: [taint("k", "NoSchedule")] }), TOLERATED);
    assert.deepEqual(on({}, "n1", { taints: [taint("k", "NoExecute")] }), UNWANTED);
    assert.deepEqual(on({}, "n1", { taints: [taint("k", "PreferNoSchedule")] }), WANTED);
    const tolerations = [{ key: "k", operator: "Exists" }];
    assert.deepEqual(on({ tolerations }, "n1", { taints: [taint("k", "NoExecute")] }), WANTED);
  });

  test("that is in trouble or cordoned, and without a network if the pod needs none", () => {
    const troubles = [
      taint("node.kubernetes.io/not-ready", "NoExecute"),
      taint("node.kubernetes.io/unreachable", "NoExecute"),
      taint("node.kubernetes.io/disk-pressure", "NoSchedule"),
      taint("node.kubernetes.io/memory-pressure", "NoSchedule"),
      taint("node.kubernetes.io/pid-pressure", "NoSchedule"),
      taint("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];
    assert.deepEqual(on({}, "n1", { taints: troubles }), WANTED);
    const network = [taint("node.kubernetes.io/network-unavailable", "NoSchedule")];
    assert.deepEqual(on({}, "n1", { taints: network }), TOLERATED);
    assert.deepEqual(on({ hostNetwork: true }, "n1", { taints: network }), WANTED);
    // A node that has just come, and has not said anything yet.
    assert.deepEqual(on({}, "n1", { taints: [taint("node.kubernetes.io/not-ready", "NoSchedule")] }), TOLERATED);
  });
});

test("the tolerations of daemons replace those of the template that are limited in time, and follow the others", () => {
  const own = { key: "k", operator: "Exists" };
  const limited = {
    key: "node.kubernetes.io/not-ready",
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: 3,
  };
  const tolerations = daemonTolerations({ spec: { containers: [], tolerations: [own, limited] } });
  assert.deepEqual(tolerations.slice(0, 3), [
    own,
    { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
    { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  ]);
  assert.equal(tolerations.length, 7);
});
