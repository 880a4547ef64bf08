import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, createScope, silentLog, sleep } from "#base";
import { createCaches, type Client } from "#client";
import { createSimulatedRuntime } from "#kubelet/simulated";
import { NODES, PODS, type Pod } from "#objects";
import { feedPods } from "../feed.ts";
import { startKubelet, type Kubelet } from "../kubelet.ts";
import { MACHINE } from "../testing/pods.ts";
import { createTestWorld, EXACT, shown, type TestWorld } from "../testing/world.ts";
import { CONFIG_HASH, CONFIG_MIRROR } from "./annotations.ts";
import { fnv128a } from "./fnv.ts";
import { staticPod } from "./manifest.ts";
import type { StaticPodSource } from "./static-pods.ts";

const manifest = (image: string, more = "") => `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - { name: a, image: "${image}", ports: [{ containerPort: 80 }], resources: { limits: { cpu: 100m } } }
${more}`;

const podOf = (text: string, file = "/etc/pods/web.yaml") =>
  staticPod({ file, bytes: Buffer.from(text) }, { nodeName: "n1", seen: "2026-01-01T00:00:00Z" });

test("a manifest becomes a pod with upstream's name, uid, annotations and tolerations", async () => {
  const pod = await podOf(manifest("nginx:1.27"));
  const { uid, name, namespace, annotations } = pod.metadata;
  assert.match(uid ?? "", /^[0-9a-f]{32}$/);
  assert.deepEqual([name, namespace], ["web-n1", "default"]);
  assert.deepEqual(annotations, {
    "kubernetes.io/config.hash": uid,
    "kubernetes.io/config.seen": "2026-01-01T00:00:00Z",
    "kubernetes.io/config.source": "file",
  });
  assert.equal(pod.spec?.nodeName, "n1");
  assert.deepEqual(pod.spec?.tolerations, [{ operator: "Exists", effect: "NoExecute" }]);
  const [container] = pod.spec?.containers ?? [];
  assert.equal(container?.imagePullPolicy, "IfNotPresent");
  assert.deepEqual(container?.resources?.requests, { cpu: "100m" });
  assert.equal((await podOf(manifest("nginx"))).spec?.containers?.[0]?.imagePullPolicy, "Always");
});

test("a static pod's uid depends on what its file says and where it is, and on nothing else", async () => {
  const uid = async (text: string, file?: string) => (await podOf(text, file)).metadata.uid;
  const first = await uid(manifest("nginx"));
  assert.equal(await uid(manifest("nginx", "# a remark\n")), first);
  assert.notEqual(await uid(manifest("httpd")), first);
  assert.notEqual(await uid(manifest("nginx"), "/elsewhere.yaml"), first);
  assert.equal(fnv128a(""), "6c62272e07bb014262b821756295c58d");
  assert.equal(fnv128a("a"), "d228cb696f1a8caf78912b704e4a8964");
});

test("a manifest with an integer beyond 2^53 is a pod", async () => {
  const patient = (seconds: string) => podOf(manifest("nginx").replace("Seconds: 5", `Seconds: ${seconds}`));
  const pod = await patient("9007199254740993");
  assert.equal(pod.spec?.terminationGracePeriodSeconds, 9007199254740993n);
  assert.notEqual(pod.metadata.uid, (await patient("9007199254740995")).metadata.uid);
});

test("a manifest that is no pod is refused", async () => {
  await assert.rejects(podOf("{ apiVersion: v1, kind: ConfigMap, metadata: { name: x } }"));
  await assert.rejects(podOf("{ apiVersion: v1, kind: Pod, spec: { containers: [{ name: a }] } }"), /name is needed/);
  await assert.rejects(podOf("{ apiVersion: v1, kind: Pod, metadata: { name: x } }"), /no containers/);
  await assert.rejects(podOf("a: ["));
});

/** A source whose manifests the test sets. */
function createFakeSource(): StaticPodSource & { say(...pods: readonly Pod[]): void } {
  const listeners = new Set<(pods: readonly Pod[]) => void>();
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    say(...pods) {
      for (const listener of listeners) listener(pods);
    },
  };
}

/** A kubelet of the node n1 with static pods. */
async function startNode({ client, clock }: TestWorld, own: Client = client) {
  const scope = createScope("n1");
  const source = createFakeSource();
  const random = { ...createRandom(1), next: () => 0.5 };
  const log = silentLog;
  const caches = createCaches({ client, scope, clock, random, log });
  const pods = caches.of(PODS);
  const nodes = caches.of(NODES);
  await caches.whenSynced();
  const kubelet = await startKubelet({
    node: {
      name: "n1",
      capacity: { cpu: "4", memory: "8Gi", pods: "110" },
      addresses: [{ type: "InternalIP", address: "10.0.0.9" }],
      podCidr: "10.244.9.0/24",
      info: MACHINE,
    },
    runtime: createSimulatedRuntime({ clock, random, podCidr: "10.244.9.0/24", nodeIp: "10.0.0.9", times: EXACT }),
    staticPods: source,
    client: own,
    clock,
    random,
    log,
    scope,
    currentNode: () => nodes.get("n1"),
  });
  feedPods(pods, new Map<string, Kubelet>([["n1", kubelet]])).startWith(kubelet);
  return { source, kubelet, stop: () => scope.close() };
}

const isRunning = (pod: Pod | undefined) => shown(pod, "a") === "running";
const hashOf = (pod: Pod | undefined) => pod?.metadata.annotations?.[CONFIG_MIRROR];

test("a static pod runs and has a mirror, which is restored when deleted and goes with the manifest", async () => {
  await using world = await createTestWorld();
  const node = await startNode(world);
  const pod = await podOf(manifest("nginx:1"));
  node.source.say(pod);
  const first = await world.until("web-n1", isRunning);
  assert.equal(hashOf(first), pod.metadata.uid);
  assert.equal(first?.metadata.annotations?.[CONFIG_HASH], pod.metadata.uid);
  assert.notEqual(first?.metadata.uid, pod.metadata.uid);
  assert.equal(first?.status?.phase, "Running");
  const [owner] = first?.metadata.ownerReferences ?? [];
  assert.deepEqual([owner?.kind, owner?.name, owner?.controller], ["Node", "n1", true]);
  const startedAt = first?.status?.containerStatuses?.[0]?.containerID;

  await world.client.delete(PODS, { namespace: "default", name: "web-n1" });
  const restored = await world.until("web-n1", (now) => now?.metadata.uid !== first?.metadata.uid && isRunning(now));
  assert.equal(restored?.status?.containerStatuses?.[0]?.containerID, startedAt, "it was not restarted");

  node.source.say();
  await world.until("web-n1", (now) => now === undefined);
  await world.clock.advance(60_000);
  assert.equal(await world.pod("web-n1"), undefined);
  await node.stop();
});

test("a changed manifest runs as another pod after the one before has ended", async () => {
  await using world = await createTestWorld();
  const node = await startNode(world);
  node.source.say(await podOf(manifest("nginx:1")));
  const before = await world.until("web-n1", isRunning);
  const next = await podOf(manifest("nginx:2"));
  node.source.say(next);
  const after = await world.until("web-n1", (now) => hashOf(now) === next.metadata.uid && isRunning(now));
  assert.equal(after?.spec?.containers?.[0]?.image, "nginx:2");
  assert.notEqual(
    after?.status?.containerStatuses?.[0]?.containerID,
    before?.status?.containerStatuses?.[0]?.containerID,
  );
  assert.deepEqual(world.complaints, []);
  await node.stop();
});

test("a node that starts again takes over its static pods, and ends those without a manifest", async () => {
  await using world = await createTestWorld();
  const one = await startNode(world);
  const pod = await podOf(manifest("nginx:1"));
  one.source.say(pod);
  const before = await world.until("web-n1", isRunning);
  await one.stop();

  const two = await startNode(world);
  two.source.say(pod);
  await world.clock.advance(5000);
  const after = await world.pod("web-n1");
  assert.equal(after?.metadata.uid, before?.metadata.uid);
  assert.deepEqual(after?.status?.containerStatuses, before?.status?.containerStatuses);
  await two.stop();

  const three = await startNode(world);
  await world.clock.advance(5000);
  assert.ok(await world.pod("web-n1"), "nothing ends before the source has spoken");
  three.source.say();
  await world.until("web-n1", (now) => now === undefined);
  await three.stop();
});

test("a mirror pod gets its status also when another client writes it at the same time", async () => {
  await using world = await createTestWorld();
  const { client, clock } = world;
  const key = { namespace: "default", name: "web-n1" };
  let disturbed = 0;
  const slow: Client = {
    ...client,
    async update(type, object, options) {
      const { phase } = (object as Pod).status ?? {};
      if (object.metadata.name === key.name && phase === "Running" && disturbed++ === 0) {
        // Others are faster, and their word is here before our answer.
        await client.patch(PODS, key, { type: "merge", body: { metadata: { labels: { seen: "yes" } } } });
        await sleep(clock, 10);
      }
      return client.update(type, object, options);
    },
  };
  const node = await startNode(world, slow);
  node.source.say(await podOf(manifest("nginx:1")));
  const shownAt = await world.until("web-n1", isRunning);
  assert.equal(shownAt?.metadata.labels?.["seen"], "yes");
  assert.ok(disturbed > 1);
  await node.stop();
});
