import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createVirtualClock } from "#base";
import { CRON_JOBS, formatTime, JOBS, type CronJob, type CronJobSpec, type Job, type New } from "#objects";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { cronJobController } from "./controller.ts";

/** The tests begin at midnight. */
const START = createVirtualClock().now();
const MINUTE = 60_000;
const KEY = { namespace: "default", name: "tick" };

const cronJob = (spec: Partial<CronJobSpec> = {}): New<CronJob> => ({
  metadata: { ...KEY },
  spec: {
    schedule: "* * * * *",
    concurrencyPolicy: "Allow",
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    jobTemplate: {
      metadata: { labels: { app: "tick" }, annotations: { note: "kept" } },
      spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "busybox" }] } } },
    },
    ...spec,
  },
});

const worldOf = (prepare?: Parameters<typeof createTestWorld>[1]) =>
  createTestWorld([cronJobController({ timeZone: "UTC" })], prepare);
const jobNames = ({ client }: TestWorld) => client.all(JOBS).map(({ metadata }) => metadata.name);
const nameAt = (ms: number) => `tick-${ms / MINUTE}`;
const statusOf = ({ client }: TestWorld) => client.all(CRON_JOBS)[0]?.status ?? {};

const change = ({ client }: TestWorld, spec: Partial<CronJobSpec>) =>
  client.edit(CRON_JOBS, KEY, (draft) => void Object.assign(draft.spec as object, spec));

/** Ends a Job as its controller would. */
function end({ client, clock }: TestWorld, name: string, type: "Complete" | "Failed" = "Complete"): void {
  client.edit(JOBS, { namespace: "default", name }, (draft) => {
    const now = formatTime(clock.now());
    draft.status = {
      startTime: draft.metadata.creationTimestamp,
      ...(type === "Complete" ? { completionTime: now } : {}),
      conditions: [{ type, status: "True", lastTransitionTime: now }],
    };
  });
}

describe("a CronJob", () => {
  test("starts a Job when its time comes, with upstream's name, annotation, owner and Events", async () => {
    await using world = await worldOf();
    const created = await world.client.create(CRON_JOBS, cronJob());
    await world.settle(MINUTE - 1);
    assert.deepEqual(jobNames(world), []);
    await world.settle(200);
    const [job] = world.client.all(JOBS);
    assert.equal(job?.metadata.name, nameAt(START + MINUTE));
    assert.deepEqual(job?.metadata.labels, { app: "tick" });
    assert.deepEqual(job?.metadata.annotations, {
      note: "kept",
      "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T00:01:00Z",
    });
    assert.deepEqual(job?.metadata.ownerReferences, [
      {
        apiVersion: "batch/v1",
        kind: "CronJob",
        name: "tick",
        uid: created.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    assert.deepEqual(statusOf(world), {
      active: [
        {
          kind: "Job",
          namespace: "default",
          name: job?.metadata.name,
          uid: job?.metadata.uid,
          apiVersion: "batch/v1",
          resourceVersion: job?.metadata.resourceVersion,
        },
      ],
      lastScheduleTime: "2026-01-01T00:01:00Z",
    });
    end(world, job?.metadata.name ?? "");
    await world.settle();
    assert.deepEqual(statusOf(world), {
      active: [],
      lastScheduleTime: "2026-01-01T00:01:00Z",
      lastSuccessfulTime: "2026-01-01T00:01:00Z",
    });
    assert.deepEqual(world.events(), [
      `Normal SuccessfulCreate Created job ${nameAt(START + MINUTE)}`,
      `Normal SawCompletedJob Saw completed job: ${nameAt(START + MINUTE)}, condition: Complete`,
    ]);
  });

  test("keeps the last three Jobs that succeeded and the last one that failed", async () => {
    await using world = await worldOf();
    await world.client.create(CRON_JOBS, cronJob());
    for (let minute = 1; minute <= 7; minute++) {
      await world.settle(MINUTE + (minute === 1 ? 200 : 0));
      end(world, nameAt(START + minute * MINUTE), minute % 3 === 0 ? "Failed" : "Complete");
    }
    await world.settle();
    assert.deepEqual(
      jobNames(world),
      [4, 5, 6, 7].map((minute) => nameAt(START + minute * MINUTE)),
    );
    assert.ok(world.events().includes(`Normal SuccessfulDelete Deleted job ${nameAt(START + MINUTE)}`));
  });

  test("lets Jobs run beside each other with Allow, waits with Forbid, and replaces with Replace", async () => {
    for (const [policy, left] of [
      ["Allow", [1, 2, 3]],
      ["Forbid", [1]],
      ["Replace", [3]],
    ] as const) {
      await using world = await worldOf();
      await world.client.create(CRON_JOBS, cronJob({ concurrencyPolicy: policy }));
      await world.settle(3 * MINUTE + 500);
      const names = left.map((minute) => nameAt(START + minute * MINUTE));
      assert.deepEqual(jobNames(world), names, policy);
      assert.deepEqual(
        statusOf(world).active?.map(({ name }) => name),
        names,
        policy,
      );
      const events = world.events();
      const told = {
        Allow: undefined,
        Forbid:
          "Normal JobAlreadyActive Not starting job because prior execution is running and concurrency policy is Forbid",
        Replace: `Normal SuccessfulDelete Deleted job ${nameAt(START + 2 * MINUTE)}`,
      }[policy];
      assert.ok(told === undefined || events.includes(told), policy);
    }
  });

  test("starts with Forbid what was held up, as soon as the Job before has ended", async () => {
    await using world = await worldOf();
    await world.client.create(CRON_JOBS, cronJob({ concurrencyPolicy: "Forbid" }));
    await world.settle(2 * MINUTE + 500);
    end(world, nameAt(START + MINUTE));
    await world.settle();
    assert.deepEqual(
      jobNames(world),
      [1, 2].map((minute) => nameAt(START + minute * MINUTE)),
    );
  });

  test("starts nothing while it is suspended, and the latest of what was missed when it is resumed", async () => {
    await using world = await worldOf();
    await world.client.create(CRON_JOBS, cronJob({ suspend: true }));
    await world.settle(10 * MINUTE + 500);
    assert.deepEqual(jobNames(world), []);
    change(world, { suspend: false });
    await world.settle();
    assert.deepEqual(jobNames(world), [nameAt(START + 10 * MINUTE)]);
  });

  test("lets a time go by that is past its deadline, and says so once", async () => {
    await using world = await worldOf();
    await world.client.create(
      CRON_JOBS,
      cronJob({ schedule: "0 * * * *", startingDeadlineSeconds: 30, suspend: true }),
    );
    await world.settle(65 * MINUTE);
    change(world, { suspend: false });
    await world.settle();
    world.client.edit(CRON_JOBS, KEY, (draft) => void (draft.metadata.labels = { a: "b" }));
    await world.settle();
    assert.deepEqual(jobNames(world), []);
    const missed = "Warning MissSchedule Missed scheduled time to start a job: Thu, 01 Jan 2026 01:00:00 +0000";
    assert.deepEqual(world.events(), [missed]);
    await world.settle(55 * MINUTE);
    assert.deepEqual(jobNames(world), [nameAt(START + 120 * MINUTE)]);
  });

  test("starts one Job for more than a hundred missed times, and warns", async () => {
    await using world = await worldOf();
    await world.client.create(CRON_JOBS, cronJob({ suspend: true }));
    await world.settle(200 * MINUTE + 500);
    change(world, { suspend: false });
    await world.settle();
    assert.deepEqual(jobNames(world), [nameAt(START + 200 * MINUTE)]);
    assert.equal(
      world.events()[0],
      "Warning TooManyMissedTimes too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
    );
  });

  test("begins a new schedule with its next time, not with one that it would have had before", async () => {
    await using world = await worldOf();
    await world.client.create(CRON_JOBS, cronJob({ schedule: "0 0 * * *" }));
    await world.settle(7 * MINUTE);
    change(world, { schedule: "*/5 * * * *" });
    await world.settle(2 * MINUTE);
    assert.deepEqual(jobNames(world), []);
    await world.settle(MINUTE + 500);
    assert.deepEqual(jobNames(world), [nameAt(START + 10 * MINUTE)]);
  });

  test("counts in its time zone", async () => {
    await using world = await worldOf();
    await world.client.create(CRON_JOBS, cronJob({ schedule: "30 6 * * *", timeZone: "Asia/Kolkata" }));
    await world.settle(60 * MINUTE + 500);
    const [job] = world.client.all(JOBS);
    assert.equal(
      job?.metadata.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"],
      "2026-01-01T06:30:00+05:30",
    );
  });
});

describe("something goes wrong with a CronJob", () => {
  const stored = (spec: Partial<CronJobSpec>, status: CronJob["status"] = {}) =>
    worldOf(async (client) => {
      await client.create(CRON_JOBS, cronJob(spec));
      client.edit(CRON_JOBS, KEY, (draft) => void (draft.status = status));
    });

  for (const [what, spec, event] of [
    [
      "a schedule that cannot be read",
      { schedule: "61 * * * *" },
      'UnparseableSchedule unparseable schedule: "61 * * * *" : end of range (61) above maximum (59): 61',
    ],
    [
      "a schedule that never comes round",
      { schedule: "0 0 31 2 *" },
      "InvalidSchedule invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second",
    ],
    [
      "a time zone that does not exist",
      { timeZone: "Mars/Olympus" },
      'UnknownTimeZone invalid timeZone: "Mars/Olympus": unknown time zone Mars/Olympus',
    ],
  ] as const) {
    test(`${what} is told, and nothing is started`, async () => {
      await using world = await stored(spec);
      await world.settle(2 * MINUTE);
      assert.deepEqual(world.events(), [`Warning ${event}`]);
      assert.deepEqual(jobNames(world), []);
    });
  }

  test("an active Job that is gone is missed", async () => {
    await using world = await stored({}, { active: [{ kind: "Job", namespace: "default", name: "lost", uid: "u" }] });
    await world.settle();
    assert.deepEqual(world.events(), ["Normal MissingJob Active job went missing: lost"]);
    assert.deepEqual(statusOf(world).active, []);
  });

  test("a Job of it that it did not start is told of, and left alone", async () => {
    await using world = await worldOf();
    const { metadata } = await world.client.create(CRON_JOBS, cronJob());
    const owner = { apiVersion: "batch/v1", kind: "CronJob", name: "tick", uid: metadata.uid ?? "", controller: true };
    const job: New<Job> = { metadata: { namespace: "default", name: "by-hand", ownerReferences: [owner] } };
    await world.client.create(JOBS, job);
    await world.settle();
    assert.deepEqual(world.events(), [
      "Warning UnexpectedJob Saw a job that the controller did not create or forgot: by-hand",
    ]);
  });

  test("a Job that was made before the status could be written is taken over, and made once", async () => {
    await using world = await worldOf();
    await world.client.create(CRON_JOBS, cronJob());
    let refused = 0;
    world.client.before = (verb, { resource }) => {
      if (verb === "update" && resource === "cronjobs" && refused++ < 2) throw new Error("the API does not answer");
    };
    await world.settle(MINUTE + 5_000);
    assert.equal(refused, 3);
    assert.equal(world.client.writes.filter((write) => write.startsWith("create jobs")).length, 3);
    assert.deepEqual(
      statusOf(world).active?.map(({ name }) => name),
      [nameAt(START + MINUTE)],
    );
    assert.equal(statusOf(world).lastScheduleTime, "2026-01-01T00:01:00Z");
  });

  test("a name that another Job has costs one time, and no more", async () => {
    await using world = await worldOf();
    await world.client.create(CRON_JOBS, cronJob());
    await world.client.create(JOBS, { metadata: { namespace: "default", name: nameAt(START + MINUTE) } });
    await world.settle(2 * MINUTE + 500);
    assert.equal(statusOf(world).lastScheduleTime, "2026-01-01T00:02:00Z");
  });

  test("a Job that the API refuses is tried again", async () => {
    await using world = await worldOf();
    await world.client.create(CRON_JOBS, cronJob({ schedule: "0 * * * *" }));
    let refused = 0;
    world.client.before = (verb, { resource }) => {
      if (verb === "create" && resource === "jobs" && refused++ < 2) throw new Error("exceeded quota");
    };
    await world.settle(60 * MINUTE + 5_000);
    assert.equal(world.events()[0], "Warning FailedCreate Error creating job: exceeded quota");
    assert.deepEqual(jobNames(world), [nameAt(START + 60 * MINUTE)]);
  });
});
