import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createVirtualClock } from "#base";
import { CRON_JOBS, formatTime, JOBS, type Job } from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { cronJobController } from "./controller.ts";

const START = createVirtualClock().now();
const MINUTE = 60_000;
const KEY = { namespace: "default", name: "tick" };

/** What may happen in a minute. */
const minutes = fc.record({
  /** Of the Jobs that run, oldest first: how they end. */
  ends: fc.array(fc.constantFrom("Complete", "Failed", "runs on"), { maxLength: 3 }),
  /** So many requests of the controller fail. */
  failures: fc.constantFrom(0, 0, 0, 1, 2),
  deletesOne: fc.boolean(),
  suspend: fc.constantFrom(false, false, true),
});
type Minute = typeof minutes extends fc.Arbitrary<infer T> ? T : never;

const isEnded = ({ status }: Job) => (status?.conditions?.length ?? 0) > 0;
const running = ({ client }: TestWorld) =>
  client.all(JOBS).filter((job) => !isEnded(job) && job.metadata.deletionTimestamp === undefined);

async function pass(world: TestWorld, { ends, failures, deletesOne, suspend }: Minute): Promise<void> {
  const { client, clock } = world;
  let left = failures;
  client.before = (verb, { resource }) => {
    if (left > 0 && ["create", "update", "delete"].includes(verb) && resource !== "events") {
      left--;
      throw new Error("the API does not answer");
    }
  };
  const [first] = running(world);
  if (deletesOne && first) client.remove(JOBS, { namespace: "default", name: first.metadata.name ?? "" });
  for (const [i, job] of running(world).entries()) {
    const type = ends[i] ?? "runs on";
    if (type === "runs on") continue;
    client.edit(JOBS, { namespace: "default", name: job.metadata.name ?? "" }, (draft) => {
      const now = formatTime(clock.now());
      draft.status = {
        startTime: job.metadata.creationTimestamp,
        completionTime: now,
        conditions: [{ type, status: "True", lastTransitionTime: now }],
      };
    });
  }
  client.edit(CRON_JOBS, KEY, (draft) => void Object.assign(draft.spec as object, { suspend }));
  await world.settle(MINUTE);
}

test("whatever happens, each time has one Job at most, policies and limits hold, and the status is true", async () => {
  const policies = fc.constantFrom("Allow", "Forbid", "Replace");
  await fc.assert(
    fc.asyncProperty(
      policies,
      fc.nat(2),
      fc.array(minutes, { minLength: 3, maxLength: 12 }),
      async (policy, limit, all) => {
        await using world = await createTestWorld([cronJobController({ timeZone: "UTC" })]);
        const { client } = world;
        await client.create(CRON_JOBS, {
          metadata: { ...KEY },
          spec: {
            schedule: "* * * * *",
            concurrencyPolicy: policy,
            successfulJobsHistoryLimit: limit,
            failedJobsHistoryLimit: limit,
            jobTemplate: { spec: { template: { spec: { containers: [] } } } },
          },
        });
        // Half a minute after the time all has settled.
        await world.settle(MINUTE / 2);
        const made = new Set<string>();
        let resumed = true;
        for (const [i, minute] of all.entries()) {
          await pass(world, minute);
          const latest = `tick-${START / MINUTE + i + 1}`;
          const names = client.all(JOBS).map(({ metadata }) => metadata.name ?? "");
          assert.equal(new Set(names).size, names.length);
          for (const name of names) assert.ok(made.has(name) || name === latest || resumed, `${name} is late`);
          for (const name of names) made.add(name);
          if (policy !== "Allow") assert.ok(running(world).length <= 1, policy);
          if (policy !== "Forbid" && !minute.suspend) assert.ok(names.includes(latest), `${latest} was started`);
          for (const type of ["Complete", "Failed"]) {
            const kept = client.all(JOBS).filter(({ status }) => status?.conditions?.[0]?.type === type);
            assert.ok(kept.length <= limit, `${kept.length} ${type}`);
          }
          const active = client.all(CRON_JOBS)[0]?.status?.active ?? [];
          assert.deepEqual(
            new Set(active.map(({ uid }) => uid)),
            new Set(running(world).map(({ metadata }) => metadata.uid)),
          );
          resumed = minute.suspend || policy === "Forbid";
        }
        const creations = client.writes.filter((write) => write.startsWith("create jobs"));
        assert.ok(creations.length <= 2 * all.length + all.reduce((sum, { failures }) => sum + failures, 0));
      },
    ),
    { numRuns: 40 },
  );
});
