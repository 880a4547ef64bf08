import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { createRandom, createVirtualClock } from "#base";
import {
  availableInMs,
  DEPLOYMENTS,
  EVENTS,
  isPodReady,
  NODES,
  PODS,
  type Deployment,
  type New,
  type Pod,
  type PodSpec,
} from "#objects";
import type { Cluster } from "./cluster.ts";
import { keptRuntime } from "./data-dir/kept-runtime.ts";
import type { ClusterOptions } from "./options.ts";
import { startCluster } from "./start.ts";

/** As quick as it gets. */
const QUICK = { simulatedTimes: { sandbox: 0, pull: 0, start: 0 } };

const deployment = (name: string, replicas: number, template: Partial<PodSpec> = {}): New<Deployment> => ({
  metadata: { name, namespace: "default" },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "web", image: "nginx:1.27" }], ...template },
    },
  },
});

const isComplete = ({ spec, status }: Deployment) =>
  status?.availableReplicas === spec?.replicas && status?.updatedReplicas === spec?.replicas;

/** Resolves once a watch of the pods has shown what is asked for. */
async function untilPods(cluster: Cluster, done: (pods: readonly Pod[]) => boolean): Promise<readonly Pod[]> {
  const abort = new AbortController();
  const { items, resourceVersion } = await cluster.client.list(PODS);
  const pods = new Map(items.map((pod) => [pod.metadata.uid, pod]));
  if (done([...pods.values()])) return [...pods.values()];
  for await (const batch of cluster.client.watch(PODS, { resourceVersion, signal: abort.signal })) {
    for (const event of batch) {
      if (event.type === "BOOKMARK") continue;
      if (event.type === "DELETED") pods.delete(event.object.metadata.uid);
      else pods.set(event.object.metadata.uid, event.object);
    }
    if (done([...pods.values()])) break;
  }
  abort.abort();
  return [...pods.values()];
}

async function untilComplete(cluster: Cluster, name: string): Promise<Deployment> {
  const abort = new AbortController();
  const selection = {
    namespace: "default",
    fieldSelector: `metadata.name=${name}`,
    sendInitialEvents: true,
    allowWatchBookmarks: true,
  };
  for await (const batch of cluster.client.watch(DEPLOYMENTS, { ...selection, signal: abort.signal })) {
    for (const event of batch) {
      if (event.type === "BOOKMARK" || !isComplete(event.object)) continue;
      abort.abort();
      return event.object;
    }
  }
  throw new Error("the watch ended");
}

/** What keeps the process alive, apart from the test runner. */
const heldOpen = () =>
  process.getActiveResourcesInfo().filter((resource) => /^(Timeout|TCP|FSReq|Worker|FSEvent)/.test(resource));

/** What holds it open that did not before. What did may have gone meanwhile. */
function heldOpenSince(before: readonly string[]): readonly string[] {
  const left = [...before];
  return heldOpen().filter((resource) => {
    const at = left.indexOf(resource);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Sockets that were closed are out of the loop some turns later, files when the disk has done its part. */
async function untilReleased(before: readonly string[]): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (heldOpenSince(before).length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(heldOpenSince(before), []);
}

/** A cluster on a clock that jumps whenever nothing is left to do. */
async function startVirtual(options: ClusterOptions = {}, seed = 1) {
  const clock = createVirtualClock();
  const advancing = clock.autoAdvance();
  const cluster = await startCluster({ clock, random: createRandom(seed), ...options });
  return {
    clock,
    cluster,
    async [Symbol.asyncDispose]() {
      await cluster.stop();
      advancing.stop();
    },
  };
}

describe("a cluster in a test", () => {
  test("runs a Deployment on the real clock", async () => {
    await using cluster = await startCluster({ nodes: 2, ...QUICK });
    await cluster.client.create(DEPLOYMENTS, deployment("web", 3));
    const { status } = await untilComplete(cluster, "web");
    assert.equal(status?.readyReplicas, 3);
  });

  test("knows nothing of other clusters in the same process", async () => {
    const clusters = await Promise.all([1, 2, 3].map((nodes) => startCluster({ nodes, ...QUICK })));
    try {
      await Promise.all(clusters.map((cluster, i) => cluster.client.create(DEPLOYMENTS, deployment("web", i + 1))));
      const done = await Promise.all(clusters.map((cluster) => untilComplete(cluster, "web")));
      assert.deepEqual(
        done.map(({ status }) => status?.replicas),
        [1, 2, 3],
      );
      const nodes = await Promise.all(clusters.map(async ({ client }) => (await client.list(NODES)).items.length));
      assert.deepEqual(nodes, [1, 2, 3]);
    } finally {
      await Promise.all(clusters.map((cluster) => cluster.stop()));
    }
  });

  test("stops everything that it started, whatever it was doing", async () => {
    const before = heldOpen();
    const cluster = await startCluster({ nodes: 5, port: 0 });
    await cluster.kubeconfig();
    await cluster.client.create(
      DEPLOYMENTS,
      deployment("web", 20, { containers: [{ name: "web", image: "simulate/crash" }] }),
    );
    await untilPods(cluster, (pods) => pods.some(({ status }) => status?.phase === "Running"));
    await cluster.stop();
    await cluster.stop();
    await untilReleased(before);
  });

  test("leaves nothing behind when it cannot start", async () => {
    const before = heldOpen();
    await using cluster = await startCluster({ port: 0 });
    const port = Number(cluster.server?.split(":").at(-1));
    await assert.rejects(startCluster({ port }), {
      name: "StartError",
      message: `port ${port} of 127.0.0.1 is in use by another process`,
    });
    const dir = await mkdtemp(join(tmpdir(), "knarr-start-"));
    await assert.rejects(startCluster({ port, dataDir: join(dir, "a/b") }), { name: "StartError" });
    assert.deepEqual(await readdir(dir), [], "what it made is gone");
    await assert.rejects(startCluster({ port, dataDir: dir }), { name: "StartError" });
    assert.ok((await readdir(dir)).includes("pki"), "a directory that was there stays");
    await rm(dir, { recursive: true });
    await cluster.stop();
    await untilReleased(before);
  });

  test("serves alpha and beta APIs only when it is asked to", async () => {
    const served = async (options: ClusterOptions) => {
      await using cluster = await startCluster({ nodes: 0, ...options });
      const groups = await cluster.client.discovery.groups();
      return groups
        .flatMap(({ versions }) => versions)
        .filter(({ resources }) => resources.some(({ resource }) => resource === "clustertrustbundles"))
        .map(({ version }) => version);
    };
    assert.deepEqual(await served({}), []);
    assert.deepEqual(await served({ runtimeConfig: { "api/all": true } }), []);
    assert.deepEqual(
      await served({
        runtimeConfig: { "certificates.k8s.io/v1alpha1": true },
        featureGates: { ClusterTrustBundle: true },
      }),
      ["v1alpha1"],
    );
  });

  test("takes a further node that Pods can run on", async () => {
    await using cluster = await startCluster(QUICK);
    assert.equal(await cluster.addNode(), "knarr-2");
    const containers = [{ name: "web", image: "nginx" }];
    await cluster.client.create(PODS, {
      metadata: { name: "a", namespace: "default" },
      spec: { nodeName: "knarr-2", containers },
    });
    await untilPods(cluster, (pods) => pods.some(isPodReady));
  });
});

describe("on a virtual clock", () => {
  test("a container crashes for minutes within a fast test", async () => {
    await using world = await startVirtual();
    const { cluster, clock } = world;
    await cluster.client.create(PODS, {
      metadata: { name: "crash", namespace: "default" },
      spec: { containers: [{ name: "web", image: "simulate/crash:3" }] },
    });
    const restarts = ({ status }: Pod) => status?.containerStatuses?.[0]?.restartCount ?? 0;
    const began = clock.now();
    await untilPods(cluster, (pods) => pods.some((pod) => restarts(pod) === 6));
    const minutes = (clock.now() - began) / 60_000;
    assert.ok(minutes > 5 && minutes < 6, `0 + 10 + 20 + 40 + 80 + 160 s are ${minutes} minutes`);
  });

  test("a Deployment is complete once minReadySeconds have passed", async () => {
    await using world = await startVirtual();
    const { cluster, clock } = world;
    const patient = deployment("web", 2);
    await cluster.client.create(DEPLOYMENTS, {
      ...patient,
      spec: { ...patient.spec!, minReadySeconds: 3600, progressDeadlineSeconds: 7200 },
    });
    await untilComplete(cluster, "web");
    const { items } = await cluster.client.list(PODS);
    assert.ok(items.every((pod) => availableInMs(pod, 3600, clock.now()) === 0));
  });

  /** Everything that could differ between two runs: names, places, Events and the times of all of it. */
  async function story(seed: number): Promise<readonly string[]> {
    await using world = await startVirtual({ nodes: 4 }, seed);
    const { client } = world.cluster;
    await client.create(DEPLOYMENTS, deployment("web", 6));
    await client.create(
      DEPLOYMENTS,
      deployment("crash", 2, { containers: [{ name: "web", image: "simulate/crash" }] }),
    );
    await untilComplete(world.cluster, "web");
    const body = { spec: { template: { spec: { containers: [{ name: "web", image: "nginx:1.28" }] } } } };
    await client.patch(DEPLOYMENTS, { namespace: "default", name: "web" }, { type: "strategic", body });
    const isNew = ({ spec, status }: Pod) => spec?.containers[0]?.image === "nginx:1.28" && status?.phase === "Running";
    await untilPods(world.cluster, (pods) => pods.filter(isNew).length === 6);
    const pods = await client.list(PODS);
    const events = await client.list(EVENTS);
    return [
      ...pods.items.map(
        ({ metadata, spec, status }) =>
          `${metadata.name} ${metadata.uid} on ${spec?.nodeName} ${status?.podIP} since ${metadata.creationTimestamp}`,
      ),
      ...events.items.map(
        ({ metadata, reason, message, involvedObject }) =>
          `${metadata.resourceVersion} ${metadata.name} ${involvedObject.name} ${reason} ${message}`,
      ),
    ];
  }

  test("the same seed gives the same events, and another seed gives others", async () => {
    const [first, again, other] = [await story(7), await story(7), await story(8)];
    assert.deepEqual(again, first);
    assert.notDeepEqual(other, first);
  });
});

describe("in a data directory", () => {
  const dirs: string[] = [];
  after(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))));

  test("the same directory resumes the cluster: pods run on, no container restarts", async () => {
    const parent = await mkdtemp(join(tmpdir(), "knarr-start-"));
    dirs.push(parent);
    const dataDir = join(parent, "data");
    const first = await startCluster({ dataDir, nodes: 2, ...QUICK });
    await first.client.create(DEPLOYMENTS, deployment("web", 4));
    await untilComplete(first, "web");
    const before = (await first.client.list(PODS)).items.map(({ metadata, status }) => [
      metadata.name,
      status?.podIP,
      status?.containerStatuses,
    ]);
    await first.stop();
    await using second = await startCluster({ dataDir, nodes: 2, ...QUICK });
    await second.client.create(DEPLOYMENTS, deployment("other", 2));
    await untilComplete(second, "other");
    const now = (await second.client.list(PODS, { labelSelector: "app=web" })).items;
    assert.deepEqual(
      now.map(({ metadata, status }) => [metadata.name, status?.podIP, status?.containerStatuses]),
      before,
    );
    const { status } = await untilComplete(second, "web");
    assert.equal(status?.availableReplicas, 4);
  });

  test("fewer nodes than before: the others are removed with their pods, which are made anew on those that stay", async () => {
    const parent = await mkdtemp(join(tmpdir(), "knarr-start-"));
    dirs.push(parent);
    const dataDir = join(parent, "data");
    {
      await using first = await startCluster({ dataDir, nodes: 4, ...QUICK });
      await first.client.create(DEPLOYMENTS, deployment("web", 8));
      await untilComplete(first, "web");
      // A node that is not Knarr's to remove.
      await first.client.create(NODES, { metadata: { name: "knarr-9" } });
    }
    await using second = await startCluster({ dataDir, nodes: 2, ...QUICK });
    assert.deepEqual(second.notes, ["removed the 2 nodes beyond that: knarr-3, knarr-4, with 4 Pods"]);
    const names = (await second.client.list(NODES)).items.map(({ metadata }) => metadata.name);
    assert.deepEqual(names, ["knarr-1", "knarr-2", "knarr-9"]);
    await untilPods(second, (pods) => pods.filter(({ status }) => status?.phase === "Running").length === 8);
    const { items } = await second.client.list(PODS);
    assert.deepEqual([...new Set(items.map(({ spec }) => spec?.nodeName ?? ""))].sort(), ["knarr-1", "knarr-2"]);
  });

  test("a store that has lost everything is refused by its file's name, and begins anew once the user removed it", async () => {
    const parent = await mkdtemp(join(tmpdir(), "knarr-start-"));
    dirs.push(parent);
    const dataDir = join(parent, "data");
    await (await startCluster({ dataDir, ...QUICK })).stop();
    const file = join(dataDir, "store/data.mdb");
    const lose = [() => truncate(file, 0), () => rm(file), () => writeFile(file, Buffer.alloc(8192))];
    for (const how of lose) {
      await how();
      for (let attempt = 1; attempt <= 2; attempt++) {
        await assert.rejects(startCluster({ dataDir, ...QUICK }), {
          name: "StartError",
          message: `${file} is empty, but the cluster in ${dataDir} has had objects in it. Put the file back, or remove ${join(dataDir, "store")}: the cluster then begins anew, without them`,
        });
      }
    }
    await rm(join(dataDir, "store"), { recursive: true });
    await (await startCluster({ dataDir, ...QUICK })).stop();
    await using again = await startCluster({ dataDir, ...QUICK });
    assert.equal(again.runtime, "simulated");
  });

  test("another kind of node is refused by name, and no choice means the same kind again", async () => {
    const parent = await mkdtemp(join(tmpdir(), "knarr-start-"));
    dirs.push(parent);
    const dataDir = join(parent, "data");
    await (await startCluster({ dataDir, ...QUICK })).stop();
    for (const runtime of [undefined, "auto"] as const) {
      await using again = await startCluster({ dataDir, ...(runtime ? { runtime } : {}), ...QUICK });
      assert.equal(again.runtime, "simulated");
    }
    const containers = { dataDir, runtime: "containerd" as const };
    for (const options of [containers, { dataDir, containerdSocket: "/nowhere" }]) {
      await assert.rejects(startCluster(options), {
        name: "StartError",
        message: `the cluster in ${dataDir} has simulated nodes, which cannot become real containers: start it with --runtime simulated, use another --data-dir, or remove it with: knarr down --purge --data-dir ${dataDir}`,
      });
    }
    const real = join(parent, "real");
    await mkdir(join(real, "containerd"), { recursive: true });
    await assert.rejects(
      startCluster({ dataDir: real, runtime: "simulated" }),
      /has real containers, which cannot become/,
    );
    await using throwaway = await startCluster({ dataDir: join(parent, "memory"), store: "memory", ...QUICK });
    assert.equal(keptRuntime(join(parent, "memory")), undefined, "nothing is kept that it could not be changed for");
    await throwaway.stop();
  });
});
