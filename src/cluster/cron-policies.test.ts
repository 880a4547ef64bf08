import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom, createVirtualClock } from "#base";
import { CRON_JOBS, JOBS, PODS } from "#objects";
import { startCluster } from "./start.ts";

const MINUTE = 60_000;

/** A whole cluster on virtual time, three minutes of a CronJob whose Jobs run for longer than that. */
describe("a CronJob each minute whose Jobs take ten", () => {
  for (const [policy, left, started] of [
    ["Allow", 3, 3],
    ["Forbid", 1, 1],
    ["Replace", 1, 3],
  ] as const) {
    test(`with ${policy} has started ${started} after three minutes, and ${left} of them run`, async () => {
      const clock = createVirtualClock();
      const advancing = clock.autoAdvance();
      await using cluster = await startCluster({ clock, random: createRandom(1) });
      advancing.stop();
      const { client } = cluster;
      const container = { name: "c", image: "busybox", command: ["sleep", "600"] };
      const spec = { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [container] };
      // Not at the very second: whatever the start has taken.
      await clock.advance(MINUTE - (clock.now() % MINUTE) + 5_000);
      await client.create(CRON_JOBS, {
        metadata: { name: "slow", namespace: "default" },
        spec: {
          schedule: "* * * * *",
          timeZone: "UTC",
          concurrencyPolicy: policy,
          jobTemplate: { spec: { template: { spec } } },
        },
      });
      const seen = new Set<string>();
      for (let second = 0; second < 195; second += 5) {
        await clock.advance(5_000);
        for (const { metadata } of (await client.list(JOBS, { namespace: "default" })).items)
          seen.add(metadata.name ?? "");
      }
      assert.equal(seen.size, started);
      const jobs = (await client.list(JOBS, { namespace: "default" })).items;
      const pods = (await client.list(PODS, { namespace: "default" })).items;
      const { status } = await client.get(CRON_JOBS, { namespace: "default", name: "slow" });
      assert.equal(jobs.length, left);
      assert.deepEqual(
        new Set(status?.active?.map(({ name }) => name)),
        new Set(jobs.map(({ metadata }) => metadata.name)),
      );
      assert.deepEqual(
        pods.map((pod) => pod.status?.phase),
        jobs.map(() => "Running"),
      );
    });
  }
});
