import assert from "node:assert/strict";
import { test } from "node:test";
import {
  hasReason,
  NODES,
  PODS,
  podCondition,
  PRIORITY_CLASSES,
  REPLICA_SETS,
  type KubeObject,
  type Pod,
  type PodSpec,
  type ResourceType,
} from "#objects";
import { createCompositionWorld } from "./testing/world.ts";

const LIMIT_RANGES: ResourceType<KubeObject & { readonly spec: object }> = {
  group: "",
  version: "v1",
  resource: "limitranges",
  kind: "LimitRange",
  namespaced: true,
};

/** A whole control plane with two simulated nodes, as upstream's tests of scheduling find it. */
async function schedulingWorld() {
  const world = await createCompositionWorld();
  const { client, clock } = world;
  const nodes = (await client.list(NODES)).items.map(({ metadata }) => metadata.name ?? "").toSorted();
  const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
    const end = clock.now() + 300_000;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      assert.ok(clock.now() < end, `never: ${what}`);
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 500));
    }
  };
  const podNamed = async (name: string): Promise<Pod | undefined> =>
    client.get(PODS, { namespace: "default", name }).catch((error: unknown) => {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    });
  return {
    ...world,
    nodes,
    until,
    podNamed,
    run: (name: string, spec: Partial<PodSpec> = {}, metadata: Partial<Pod["metadata"]> = {}) =>
      client.create(PODS, {
        metadata: { name, namespace: "default", ...metadata },
        spec: { containers: [{ name: "main", image: "pause" }], terminationGracePeriodSeconds: 1, ...spec },
      }),
    isRunning: (name: string) =>
      until(`${name} runs`, async () => {
        const pod = await podNamed(name);
        return pod?.status?.phase === "Running" ? pod : undefined;
      }),
    /** Why the pod has no node. */
    isRefused: (name: string) =>
      until(`${name} is refused`, async () => {
        const pod = await podNamed(name);
        const condition = pod && podCondition(pod, "PodScheduled");
        return condition?.status === "False" ? (condition.message ?? "") : undefined;
      }),
    cpuOf: async (name: string) =>
      Number((await client.get(NODES, { namespace: "", name })).status?.allocatable?.["cpu"]),
    addClass: (name: string, value: number) => client.create(PRIORITY_CLASSES, { metadata: { name }, value }),
  };
}

const asks = (cpu: number): Pick<PodSpec, "containers"> => ({
  containers: [{ name: "main", image: "pause", resources: { requests: { cpu: `${Math.floor(cpu * 1000)}m` } } }],
});
const onNode = (name: string) => ({ nodeSelector: { "kubernetes.io/hostname": name } });

test("a pod that asks for more than any node has left stays without a node", async () => {
  await using world = await schedulingWorld();
  const [first = "", second = ""] = world.nodes;
  const cpu = await world.cpuOf(first);
  await world.run("on-first", { ...asks(cpu * 0.7), ...onNode(first) });
  await world.run("on-second", { ...asks(cpu * 0.7), ...onNode(second) });
  await world.isRunning("on-first");
  await world.isRunning("on-second");
  await world.run("more", asks(cpu * 0.5));
  assert.match(await world.isRefused("more"), /^0\/2 nodes are available: 2 Insufficient cpu\./);
  await world.run("less", asks(cpu * 0.25));
  await world.isRunning("less");
});

test("a pod with a node selector lands on the node that has the labels, and stays pending while none has", async () => {
  await using world = await schedulingWorld();
  const [, second = ""] = world.nodes;
  await world.run("web", { nodeSelector: { example: "42" } });
  assert.match(
    await world.isRefused("web"),
    /^0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity\/selector\./,
  );
  const body = { metadata: { labels: { example: "42" } } };
  await world.client.patch(NODES, { namespace: "", name: second }, { type: "merge", body });
  assert.equal((await world.isRunning("web")).spec?.nodeName, second);
});

test("a port of all addresses of a node keeps pods away that want it on one of them", async () => {
  await using world = await schedulingWorld();
  const [first = ""] = world.nodes;
  const port = (hostIP: string, protocol = "TCP") => ({
    containers: [{ name: "main", image: "pause", ports: [{ containerPort: 80, hostPort: 54_322, hostIP, protocol }] }],
    ...onNode(first),
  });
  await world.run("everywhere", port("0.0.0.0"));
  await world.isRunning("everywhere");
  await world.run("somewhere", port("127.0.0.1"));
  assert.match(await world.isRefused("somewhere"), /1 node\(s\) didn't have free ports for the requested pod ports/);
  await world.run("by-udp", port("127.0.0.1", "UDP"));
  await world.isRunning("by-udp");
});

test("a pod of higher priority, and a critical one, take the place of less important ones", async () => {
  await using world = await schedulingWorld();
  const [first = ""] = world.nodes;
  const cpu = await world.cpuOf(first);
  await world.addClass("low", 1);
  await world.addClass("medium", 100);
  const here = { ...asks(cpu * 0.4), ...onNode(first) };
  await world.run("low", { ...here, priorityClassName: "low" });
  await world.run("medium", { ...here, priorityClassName: "medium" });
  await world.isRunning("low");
  await world.isRunning("medium");
  await world.addClass("high", 1000);
  await world.run("high", { ...here, priorityClassName: "high" });
  await world.isRunning("high");
  assert.equal(await world.podNamed("low"), undefined);
  assert.ok(await world.podNamed("medium"));
  await world.client.create(PODS, {
    metadata: { name: "critical", namespace: "kube-system" },
    spec: { ...here, priorityClassName: "system-cluster-critical" },
  });
  await world.until("the critical pod runs", async () => {
    const { status } = await world.client.get(PODS, { namespace: "kube-system", name: "critical" });
    return status?.phase === "Running" ? true : undefined;
  });
  assert.equal(await world.podNamed("medium"), undefined);
  assert.ok(await world.podNamed("high"));
});

test("a preempted pod that a finalizer keeps says in a condition why it goes", async () => {
  await using world = await schedulingWorld();
  const [first = ""] = world.nodes;
  const cpu = await world.cpuOf(first);
  await world.addClass("low", 1);
  await world.addClass("high", 1000);
  const here = { ...asks(cpu * 0.8), ...onNode(first) };
  await world.run("victim", { ...here, priorityClassName: "low" }, { finalizers: ["example.com/keep"] });
  await world.isRunning("victim");
  await world.run("high", { ...here, priorityClassName: "high" });
  const victim = await world.until("the victim goes", async () => {
    const pod = await world.podNamed("victim");
    return pod?.metadata.deletionTimestamp ? pod : undefined;
  });
  const condition = podCondition(victim, "DisruptionTarget");
  assert.equal(condition?.status, "True");
  assert.equal(condition.reason, "PreemptionByScheduler");
  const body = { metadata: { finalizers: null } };
  await world.client.patch(PODS, { namespace: "default", name: "victim" }, { type: "merge", body });
  await world.isRunning("high");
});

test("ReplicaSets of four priorities take each other's place, and what is driven out is made again and waits", async () => {
  await using world = await schedulingWorld();
  const [first = ""] = world.nodes;
  const share = (await world.cpuOf(first)) / 10;
  // 10 places: each set drives out so many of the one before.
  const sets = [
    { name: "rs-1", priority: 1, replicas: 9, places: 1 },
    { name: "rs-2", priority: 2, replicas: 4, places: 2 },
    { name: "rs-3", priority: 3, replicas: 4, places: 2 },
    { name: "rs-4", priority: 4, replicas: 1, places: 9 },
  ];
  const running = async (name: string) =>
    (await world.client.list(PODS, { namespace: "default", labelSelector: `set=${name}` })).items.filter(
      ({ metadata, status }) => status?.phase === "Running" && metadata.deletionTimestamp === undefined,
    ).length;
  for (const { name, priority, replicas, places } of sets) {
    await world.addClass(name, priority);
    await world.client.create(REPLICA_SETS, {
      metadata: { name, namespace: "default" },
      spec: {
        replicas,
        selector: { matchLabels: { set: name } },
        template: {
          metadata: { labels: { set: name } },
          spec: {
            ...asks(share * places * 0.99),
            ...onNode(first),
            priorityClassName: name,
            terminationGracePeriodSeconds: 1,
          },
        },
      },
    });
    await world.until(`all of ${name} run`, async () => ((await running(name)) === replicas ? true : undefined));
  }
  // The last one takes nine of ten places.
  assert.deepEqual(await Promise.all(sets.map(({ name }) => running(name))), [1, 0, 0, 1]);
  for (const { name, replicas } of sets) {
    const pods = (await world.client.list(PODS, { namespace: "default", labelSelector: `set=${name}` })).items;
    assert.equal(pods.length, replicas, name);
  }
});

test("PriorityClasses are listed and take new metadata, and their value cannot be changed", async () => {
  await using world = await schedulingWorld();
  const { client } = world;
  await world.addClass("p1", 1);
  await world.addClass("p2", 2);
  const names = (await client.list(PRIORITY_CLASSES)).items.map(({ metadata }) => metadata.name);
  assert.ok(["p1", "p2", "system-node-critical", "system-cluster-critical"].every((name) => names.includes(name)));
  const key = { namespace: "", name: "p1" };
  const changed = await client.patch(PRIORITY_CLASSES, key, {
    type: "merge",
    body: { metadata: { labels: { a: "b" } }, description: "mine" },
  });
  assert.equal(changed.description, "mine");
  assert.deepEqual(changed.metadata.labels, { a: "b" });
  await assert.rejects(
    client.patch(PRIORITY_CLASSES, key, { type: "merge", body: { value: 9 } }),
    /value: Forbidden: may not be changed in an update\./,
  );
  await assert.rejects(client.update(PRIORITY_CLASSES, { ...changed, value: 9 }), (error) =>
    hasReason(error, "Invalid"),
  );
});

test("LimitRanges are listed in all namespaces, patched, and deleted together in one", async () => {
  await using world = await schedulingWorld();
  const { client } = world;
  const spec = { limits: [{ type: "Container", max: { cpu: "1" } }] };
  for (const namespace of ["default", "kube-system"]) {
    await client.create(LIMIT_RANGES, { metadata: { name: "limits", namespace, labels: { e2e: "yes" } }, spec });
  }
  const listed = async () => (await client.list(LIMIT_RANGES, { labelSelector: "e2e=yes" })).items;
  assert.equal((await listed()).length, 2);
  const patched = await client.patch(
    LIMIT_RANGES,
    { namespace: "default", name: "limits" },
    { type: "strategic", body: { spec: { limits: [{ type: "Container", max: { cpu: "2" } }] } } },
  );
  assert.deepEqual(patched.spec, {
    limits: [{ type: "Container", max: { cpu: "2" }, default: { cpu: "2" }, defaultRequest: { cpu: "2" } }],
  });
  await client.deleteCollection(LIMIT_RANGES, { namespace: "default", labelSelector: "e2e=yes" });
  assert.deepEqual(
    (await listed()).map(({ metadata }) => metadata.namespace),
    ["kube-system"],
  );
});
