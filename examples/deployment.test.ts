// Knarr in a test: a cluster of one's own, in this process, for the time of one test. Run it with
//
//   node --test examples/deployment.test.ts
//
// in a project that has `knarr` installed (here: `npm test -- examples/deployment.test.ts`).
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, createVirtualClock, startCluster, type Client, type Cluster } from "knarr";
import { DEPLOYMENTS, PODS, type Deployment } from "knarr/objects";

const WEB = { namespace: "default", name: "web" };

/** `kubectl create deployment web --image=… --replicas=…` */
async function createWeb(client: Client, image: string, replicas: number): Promise<void> {
  await client.create(DEPLOYMENTS, {
    metadata: WEB,
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image }] } },
    },
  });
}

/** `kubectl set image deployment/web web=…` */
async function setImage(client: Client, image: string): Promise<void> {
  const body = { spec: { template: { spec: { containers: [{ name: "web", image }] } } } };
  await client.patch(DEPLOYMENTS, WEB, { type: "strategic", body });
}

/** Watches the Deployment until it is so, as `kubectl wait` does. */
async function untilWeb({ client }: Cluster, done: (web: Deployment) => boolean): Promise<Deployment> {
  const abort = new AbortController();
  const selection = { namespace: "default", fieldSelector: "metadata.name=web", sendInitialEvents: true };
  for await (const events of client.watch(DEPLOYMENTS, { ...selection, signal: abort.signal })) {
    for (const event of events) {
      if (event.type === "BOOKMARK" || !done(event.object)) continue;
      abort.abort();
      return event.object;
    }
  }
  throw new Error("the watch ended");
}

/** Every replica is of the newest template and available. */
const isComplete = ({ metadata, spec, status }: Deployment) =>
  status?.observedGeneration === metadata.generation &&
  status?.updatedReplicas === spec?.replicas &&
  status?.availableReplicas === spec?.replicas &&
  status?.replicas === spec?.replicas;

test("a Deployment runs, in well under a second", async () => {
  // Stops at the end of the block, with all that it started. Simulated containers start at once here.
  await using cluster = await startCluster({ nodes: 3, simulatedTimes: { sandbox: 0, pull: 0, start: 0 } });
  await createWeb(cluster.client, "nginx:1.27", 3);
  await untilWeb(cluster, isComplete);
  const { items } = await cluster.client.list(PODS, { labelSelector: "app=web" });
  assert.equal(items.length, 3);
  assert.ok(items.every(({ status }) => status?.phase === "Running"));
});

test("a rollout to an image that is not there stops at its deadline, ten minutes that take no time", async () => {
  // On a virtual clock time jumps to whatever comes next; the seed decides all names and places.
  const clock = createVirtualClock();
  const advancing = clock.autoAdvance();
  {
    await using cluster = await startCluster({ nodes: 3, clock, random: createRandom(42) });
    await createWeb(cluster.client, "nginx:1.27", 3);
    await untilWeb(cluster, isComplete);
    const began = clock.now();

    await setImage(cluster.client, "nginx:does-not-exist");
    const failed = await untilWeb(cluster, ({ status }) =>
      Boolean(
        status?.conditions?.some(({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded"),
      ),
    );
    assert.ok(clock.now() - began >= 600_000);
    // The old version keeps serving.
    assert.equal(failed.status?.availableReplicas, 3);

    await setImage(cluster.client, "nginx:1.28");
    await untilWeb(cluster, isComplete);
  }
  advancing.stop();
});
