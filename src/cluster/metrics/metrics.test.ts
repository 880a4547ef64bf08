import assert from "node:assert/strict";
import { test } from "node:test";
import { createScope, createVirtualClock, silentLog } from "#base";
import type { ContainerUsage, Kubelet, NodeStats } from "#kubelet";
import type { Pod } from "#objects";
import { nodeMetrics, podMetrics } from "./rates.ts";
import { createMetricsSource } from "./source.ts";

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u", labels: { a: "b" } },
};

const container = (name: string, time: number, cores: number, id = name): ContainerUsage => ({
  id,
  name,
  namespace: "ns",
  pod: "p",
  podUid: "u",
  time,
  cpuNanoseconds: cores * time * 1_000_000,
  workingSetBytes: 3 * 1024 * 1024,
});

const BARE = { name: "a", image: "i", imageID: "i", ready: true, restartCount: 0 };

const stats = (time: number, ...containers: readonly ContainerUsage[]): NodeStats => ({
  node: { time, cpuNanoseconds: time * 1_500_000, workingSetBytes: 2 ** 30 },
  containers,
});

/** One whose node uses so much. */
const kubeletOf = (use: () => Promise<NodeStats>): Kubelet => ({
  nodeName: "n",
  observe() {},
  forget() {},
  pods: () => [pod],
  logs: () => {
    throw new Error("nothing is logged here");
  },
  stats: use,
});

test("a rate is what was used between two looks", () => {
  const samples = {
    before: stats(0, container("a", 0, 0.25), container("b", 0, 0.001)),
    after: stats(15_000, container("a", 15_000, 0.25), container("b", 15_012, 0.001)),
  };
  assert.deepEqual(nodeMetrics("n", { x: "y" }, samples, 16_000), {
    apiVersion: "metrics.k8s.io/v1beta1",
    kind: "NodeMetrics",
    metadata: { name: "n", creationTimestamp: "1970-01-01T00:00:16Z", labels: { x: "y" } },
    timestamp: "1970-01-01T00:00:15Z",
    window: "15s",
    usage: { cpu: "1500m", memory: "1Gi" },
  });
  const found = podMetrics(pod, samples, 16_000);
  assert.deepEqual(found?.metadata.labels, { a: "b" });
  assert.deepEqual(found?.containers, [
    { name: "a", usage: { cpu: "250m", memory: "3Mi" } },
    { name: "b", usage: { cpu: "1m", memory: "3Mi" } },
  ]);
});

test("nothing is told of what was there only once, or has begun again", () => {
  const before = stats(0, container("a", 0, 1, "first"));
  const again = stats(15_000, container("a", 15_000, 1, "second"));
  assert.equal(podMetrics(pod, { before, after: again }, 0), undefined);
  assert.equal(podMetrics(pod, { before, after: stats(15_000) }, 0), undefined);
  assert.equal(nodeMetrics("n", {}, { before: again, after: before }, 0), undefined);
});

test("a container that began between the looks counts from there on, once it has run for a while", () => {
  const running = { ...container("a", 15_000, 1), cpuNanoseconds: 6_000_000_000 };
  const of = (startedAt: string) => {
    const status = { containerStatuses: [{ ...BARE, containerID: "a", state: { running: { startedAt } } }] };
    const young: Pod = { ...pod, status };
    return podMetrics(young, { before: stats(2000), after: stats(15_000, running) }, 0)?.containers[0]?.usage.cpu;
  };
  assert.equal(of("1970-01-01T00:00:03Z"), "500m");
  assert.equal(of("1970-01-01T00:00:06Z"), undefined);
  assert.equal(of("1970-01-01T00:00:01Z"), undefined);
});

test("usage is measured while clients ask, and not for long after", async () => {
  await using scope = createScope("test");
  const clock = createVirtualClock();
  let looks = 0;
  const kubelet = kubeletOf(() => {
    looks++;
    return Promise.resolve(stats(clock.now(), container("a", clock.now(), 0.5)));
  });
  const { stats: _, ...unmeasured } = kubelet;
  const source = createMetricsSource({
    kubelets: () => [kubelet, { ...unmeasured, nodeName: "simulated" }],
    clock,
    log: silentLog,
    scope,
  });
  await clock.advance(60_000);
  assert.equal(looks, 0);
  const first = Promise.all([source.nodes(), source.pods("ns")]);
  await clock.advance(1000);
  const [nodes, pods] = await first;
  assert.deepEqual(
    nodes.map(({ metadata, window }) => `${metadata.name} ${window}`),
    ["n 1s"],
  );
  assert.equal(pods[0]?.containers[0]?.usage.cpu, "500m");
  assert.equal((await source.pods("")).length, 1);
  assert.deepEqual(await source.pods("other"), []);
  await clock.advance(15_000);
  assert.equal((await source.nodes())[0]?.window, "15s");
  assert.equal(looks, 3);
  await clock.advance(20 * 60_000);
  assert.ok(looks <= 3 + 21, "it goes on for five minutes and no longer");
  const before = looks;
  await clock.advance(60 * 60_000);
  assert.equal(looks, before);
});

test("a measurement that is under way when the scope closes is the last", async () => {
  const scope = createScope("test");
  const clock = createVirtualClock();
  const looked = Promise.withResolvers<NodeStats>();
  let looks = 0;
  const kubelet = kubeletOf(() => (++looks === 1 ? Promise.resolve(stats(0)) : looked.promise));
  const source = createMetricsSource({ kubelets: () => [kubelet], clock, log: silentLog, scope });
  const asked = source.nodes();
  await clock.advance(1000);
  assert.equal(looks, 2);
  await scope.close();
  looked.resolve(stats(1000));
  await asked;
  assert.equal(clock.pending, 0);
});
