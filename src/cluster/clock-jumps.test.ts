import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom, createVirtualClock } from "#base";
import { containerStatuses, CRON_JOBS, DEPLOYMENTS, isPodReady, JOBS, NODES, PODS, type New, type Pod } from "#objects";
import type { Cluster } from "./cluster.ts";
import { startCluster } from "./start.ts";

const HOUR_MS = 3_600_000;

/** A cluster on virtual time, whose wall clock can be set. */
async function startJumpable() {
  const virtual = createVirtualClock();
  let offset = 0;
  const clock = { ...virtual, now: () => virtual.now() + offset };
  const advancing = virtual.autoAdvance();
  const cluster = await startCluster({ clock, random: createRandom(1) });
  advancing.stop();
  return {
    cluster,
    clock: virtual,
    jump: (ms: number) => void (offset += ms),
    [Symbol.asyncDispose]: () => cluster.stop(),
  };
}

const deployment = (name: string, image = "nginx:1.27", args?: string[]) => ({
  metadata: { name, namespace: "default" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 5,
        containers: [
          {
            name: "web",
            image,
            ...(args ? { command: args } : {}),
            readinessProbe: { httpGet: { port: 80 }, periodSeconds: 2 },
            livenessProbe: { httpGet: { port: 80 }, periodSeconds: 2 },
          },
        ],
      },
    },
  },
});

const pods = async ({ client }: Cluster, app: string): Promise<readonly Pod[]> =>
  (await client.list(PODS, { namespace: "default", labelSelector: `app=${app}` })).items;
const isReady = (list: readonly Pod[]) => list.length === 2 && list.every(isPodReady);
const runs = (list: readonly Pod[]) =>
  list
    .flatMap((pod) => containerStatuses(pod).map((status) => `${status.containerID} ${status.restartCount}`))
    .toSorted();

describe("when the wall clock is set", () => {
  for (const [way, ms] of [
    ["forwards", HOUR_MS],
    ["backwards", -HOUR_MS],
  ] as const) {
    test(`${way}: running containers run on, and the node is not taken for lost`, async () => {
      await using world = await startJumpable();
      const { cluster, clock, jump } = world;
      const { client } = cluster;
      await client.create(DEPLOYMENTS, deployment("web"));
      let list: readonly Pod[] = [];
      for (let i = 0; i < 60 && !isReady(list); i++) {
        await clock.advance(1_000);
        list = await pods(cluster, "web");
      }
      assert.ok(isReady(list));
      const before = runs(list);
      for (let second = 0; second < 90; second++) {
        // At every phase of whatever comes round.
        if (second % 7 === 0) jump(ms);
        await clock.advance(1_000);
        const [node] = (await client.list(NODES)).items;
        assert.equal(
          node?.status?.conditions?.find(({ type }) => type === "Ready")?.status,
          "True",
          `after ${second} s`,
        );
        assert.deepEqual(node?.spec?.taints ?? [], [], `after ${second} s`);
        list = await pods(cluster, "web");
        assert.ok(isReady(list), `after ${second} s`);
      }
      assert.deepEqual(runs(list), before);
    });

    test(`${way}: a CronJob is due by the clock on the wall`, async () => {
      await using world = await startJumpable();
      const { cluster, clock, jump } = world;
      const { client } = cluster;
      const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "busybox" }] } };
      await clock.advance(10 * 60_000);
      await client.create(CRON_JOBS, {
        metadata: { name: "hourly", namespace: "default" },
        spec: { schedule: "0 * * * *", timeZone: "UTC", jobTemplate: { spec: { template } } },
      });
      const jobs = async () => (await client.list(JOBS, { namespace: "default" })).items.length;
      await clock.advance(30_000);
      assert.equal(await jobs(), 0);
      jump(ms);
      await clock.advance(15_000);
      assert.equal(await jobs(), ms > 0 ? 1 : 0, "15 s later");
      await clock.advance(55 * 60_000);
      assert.equal(await jobs(), ms > 0 ? 2 : 0, "within the hour");
      await clock.advance(HOUR_MS);
      assert.equal(await jobs(), ms > 0 ? 3 : 1, "an hour later");
    });

    test(`${way}: restarts and pulls that are due happen in time`, async () => {
      await using world = await startJumpable();
      const { cluster, clock, jump } = world;
      const { client } = cluster;
      const crash: New<Pod> = {
        metadata: { name: "crash", namespace: "default" },
        spec: { containers: [{ name: "web", image: "simulate/crash" }] },
      };
      const missing: New<Pod> = {
        metadata: { name: "missing", namespace: "default" },
        spec: { containers: [{ name: "web", image: "simulate/missing" }] },
      };
      await client.create(PODS, crash);
      await client.create(PODS, missing);
      await client.create(DEPLOYMENTS, deployment("web"));
      await clock.advance(20_000);
      const restarts = async () =>
        containerStatuses(await client.get(PODS, { namespace: "default", name: "crash" }))[0]?.restartCount ?? 0;
      const before = await restarts();
      const [victim] = await pods(cluster, "web");
      await client.delete(PODS, { namespace: "default", name: victim?.metadata.name ?? "" });
      jump(ms);
      await client.create(DEPLOYMENTS, deployment("late"));
      await clock.advance(60_000);
      const [web, late] = [await pods(cluster, "web"), await pods(cluster, "late")];
      assert.ok(isReady(web) && !web.some(({ metadata }) => metadata.uid === victim?.metadata.uid), "web");
      assert.ok(isReady(late), "late");
      const after = await restarts();
      assert.ok(after > before && after - before <= 3, `${after - before} restarts within a minute`);
    });
  }
});
