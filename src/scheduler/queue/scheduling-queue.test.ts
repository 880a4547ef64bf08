import { strict as assert } from "node:assert";
import { test } from "node:test";
import { PodInfo } from "../model/pod-info.ts";
import { NodeInfo } from "../snapshot/node-info.ts";
import { makeInfo, makeNode, makePod } from "../testing/objects.ts";
import { canHelp } from "./events.ts";
import type { ClusterEvent } from "./cluster-event.ts";
import { MAX_UNSCHEDULABLE_MS, SchedulingQueue } from "./scheduling-queue.ts";

const nodeInfo = (...args: Parameters<typeof makeNode>): NodeInfo => {
  const info = new NodeInfo(args[0], 0);
  info.setNode(makeNode(...args));
  return info;
};
const newQueue = () => new SchedulingQueue(() => undefined);
const none = () => undefined;
const nodeAdded: ClusterEvent = { type: "node-added", node: nodeInfo("a") };
const T = 1_000_000;

test("pods come by priority, then by age", () => {
  const queue = newQueue();
  queue.put(makeInfo("late", {}), T + 1, false);
  queue.put(makeInfo("early", {}), T, false);
  queue.put(makeInfo("high", { spec: { priority: 5 } }), T + 2, false);
  const names = [1, 2, 3].map(() => queue.pop(T + 3)?.info.pod.metadata.name);
  assert.deepEqual(names, ["high", "early", "late"]);
  assert.equal(queue.pop(T + 3), undefined);
});

test("a refused pod waits for an event that can help a plugin that refused it", () => {
  const queue = newQueue();
  queue.put(makeInfo("web", { requests: { cpu: "2" } }), T, false);
  queue.refused(queue.pop(T)!, new Set(["NodeResourcesFit"]), T);
  assert.equal(queue.ready(T + 60_000), false);
  const relabelled: ClusterEvent = {
    type: "node-changed",
    node: nodeInfo("a"),
    grew: false,
    relabelled: true,
    retainted: true,
  };
  assert.equal(queue.notify(relabelled, T + 60_000), 0);
  assert.equal(queue.notify({ type: "node-added", node: nodeInfo("s", { allocatable: { cpu: "1" } }) }, T + 60_000), 0);
  assert.equal(queue.notify(nodeAdded, T + 60_000), 1);
  assert.equal(queue.ready(T + 60_000), true);
});

test("the back-off doubles from 1 s to 10 s, counted from the last attempt", () => {
  const queue = newQueue();
  const info = makeInfo("web");
  queue.put(info, T, false);
  let now = T;
  for (const seconds of [1, 2, 4, 8, 10, 10]) {
    const pod = queue.pop(now);
    assert.ok(pod);
    queue.failed(pod, now);
    assert.equal(queue.dueAt(), now + seconds * 1000);
    assert.equal(queue.pop(now + seconds * 1000 - 1), undefined);
    now += seconds * 1000;
  }
});

test("a woken pod in back-off is tried early when there is nothing else to do, one that failed is not", () => {
  const queue = newQueue();
  queue.put(makeInfo("refused"), T, false);
  queue.refused(queue.pop(T)!, new Set(["NodePorts"]), T);
  queue.put(makeInfo("failed"), T, false);
  queue.failed(queue.pop(T)!, T);
  queue.notify(nodeAdded, T + 1);
  queue.put(makeInfo("new"), T + 2, false);
  assert.equal(queue.pop(T + 2)?.info.pod.metadata.name, "new");
  assert.equal(queue.pop(T + 2)?.info.pod.metadata.name, "refused");
  assert.equal(queue.pop(T + 2), undefined);
  assert.equal(queue.pop(T + 1000)?.info.pod.metadata.name, "failed");
});

test("without any event a pod is tried again after five minutes", () => {
  const queue = newQueue();
  queue.put(makeInfo("web"), T, false);
  queue.refused(queue.pop(T)!, new Set(["NodeResourcesFit"]), T);
  assert.equal(queue.dueAt(), T + MAX_UNSCHEDULABLE_MS);
  queue.flush(T + MAX_UNSCHEDULABLE_MS - 1);
  assert.equal(queue.ready(T + MAX_UNSCHEDULABLE_MS - 1), false);
  queue.flush(T + MAX_UNSCHEDULABLE_MS);
  assert.equal(queue.ready(T + MAX_UNSCHEDULABLE_MS), true);
});

test("a change of the pod while it is being scheduled is not lost", () => {
  const queue = newQueue();
  const pod = makePod("web", { uid: "u" });
  queue.put(new PodInfo(pod), T, false);
  const inHand = queue.pop(T)!;
  queue.put(new PodInfo({ ...pod, spec: { containers: [] } }), T + 1, true);
  queue.refused(inHand, new Set(["NodeResourcesFit"]), T + 2);
  assert.equal(queue.ready(T + 2), true);
});

test("a pod that is removed does not come back, wherever it was", () => {
  const queue = newQueue();
  for (const uid of ["active", "unschedulable", "in-hand"]) queue.put(makeInfo(uid, { uid }), T, false);
  queue.remove("active");
  const second = queue.pop(T)!;
  queue.refused(second, new Set(["NodePorts"]), T);
  const third = queue.pop(T)!;
  queue.remove(second.uid);
  queue.remove(third.uid);
  queue.refused(third, new Set(["NodePorts"]), T);
  assert.equal(queue.notify(nodeAdded, T), 0);
  assert.equal(queue.pop(T + 60_000), undefined);
  assert.equal(queue.size, 0);
  assert.equal(queue.dueAt(), undefined);
});

test("an event wakes the pods whose refusal it can help, and no others", () => {
  const labelSelector = { matchLabels: { app: "a" } };
  const term = { labelSelector, topologyKey: "kubernetes.io/hostname" };
  const friend = makeInfo("friend", { labels: { app: "a" } });
  const stranger = makeInfo("stranger", { labels: { app: "b" } });
  const lover = makeInfo("lover", {
    spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
  });
  const hater = makeInfo("hater", {
    spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
  });
  const spread = makeInfo("spread", {
    spec: {
      topologySpreadConstraints: [
        { labelSelector, topologyKey: "kubernetes.io/hostname", maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" },
      ],
    },
  });
  const half = makeInfo("half", {
    spec: {
      topologySpreadConstraints: [
        { labelSelector, topologyKey: "rack", maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway" },
        { labelSelector, topologyKey: "kubernetes.io/hostname", maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" },
      ],
    },
  });
  const port = (hostPort: number) =>
    makeInfo(`port-${hostPort}`, { spec: { containers: [{ name: "c", ports: [{ containerPort: 1, hostPort }] }] } });
  const changed = (node: NodeInfo, what: "grew" | "relabelled" | "retainted"): ClusterEvent => ({
    type: "node-changed",
    node,
    grew: what === "grew",
    relabelled: what === "relabelled",
    retainted: what === "retainted",
  });
  const tainted = nodeInfo("t", { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } });
  const ssd = makeInfo("ssd", { spec: { nodeSelector: { disk: "ssd" } } });
  const cases: readonly (readonly [string, PodInfo, ClusterEvent, boolean])[] = [
    ["NodeResourcesFit", friend, { type: "pod-left", pod: stranger }, true],
    ["NodeResourcesFit", friend, { type: "pod-placed", pod: stranger }, false],
    ["NodeResourcesFit", friend, changed(nodeInfo("a"), "grew"), true],
    ["NodeResourcesFit", makeInfo("big", { requests: { cpu: "99" } }), changed(nodeInfo("a"), "grew"), false],
    ["TaintToleration", friend, changed(nodeInfo("a"), "retainted"), true],
    ["TaintToleration", friend, changed(tainted, "retainted"), false],
    ["TaintToleration", friend, { type: "pod-left", pod: stranger }, false],
    ["NodeAffinity", ssd, changed(nodeInfo("a", { labels: { disk: "ssd" } }), "relabelled"), true],
    ["NodeAffinity", ssd, changed(nodeInfo("a"), "relabelled"), false],
    ["NodeUnschedulable", friend, changed(nodeInfo("a"), "retainted"), true],
    ["NodeUnschedulable", friend, changed(nodeInfo("a", { spec: { unschedulable: true } }), "retainted"), false],
    ["NodePorts", port(80), { type: "pod-left", pod: port(80) }, true],
    ["NodePorts", port(80), { type: "pod-left", pod: port(81) }, false],
    ["InterPodAffinity", lover, { type: "pod-placed", pod: friend }, true],
    ["InterPodAffinity", lover, { type: "pod-placed", pod: stranger }, false],
    ["InterPodAffinity", hater, { type: "pod-left", pod: friend }, true],
    ["InterPodAffinity", hater, { type: "pod-left", pod: stranger }, false],
    ["InterPodAffinity", friend, { type: "pod-left", pod: hater }, true],
    // The last one to be near leaves: the pod may be the first of its kind.
    ["InterPodAffinity", lover, { type: "pod-left", pod: friend }, true],
    // With the node goes the zone of a pod with anti-affinity.
    ["InterPodAffinity", friend, { type: "node-removed" }, true],
    // Only hard constraints ask for labels.
    ["PodTopologySpread", half, nodeAdded, true],
    ["PodTopologySpread", spread, { type: "pod-placed", pod: friend }, true],
    ["PodTopologySpread", spread, { type: "pod-placed", pod: stranger }, false],
    ["PodTopologySpread", spread, { type: "node-removed" }, true],
    ["SchedulingGates", friend, nodeAdded, false],
  ];
  for (const [plugin, pod, event, expected] of cases) {
    assert.equal(canHelp(plugin, pod, event, none), expected, `${plugin} ${pod.key} ${event.type}`);
  }
});
