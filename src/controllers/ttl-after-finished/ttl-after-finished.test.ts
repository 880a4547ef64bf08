import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createVirtualClock } from "#base";
import { formatTime, JOBS, type Job, type JobStatus, type New } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { createTestWorld } from "../testing/world.ts";
import { ttlAfterFinishedController } from "./controller.ts";
import { planFinished } from "./plan.ts";

const START = createVirtualClock().now();
const KEY = { namespace: "default", name: "done" };
const endedAt = (ms: number, type = "Complete"): JobStatus => ({
  conditions: [
    { type: "Suspended", status: "False", lastTransitionTime: formatTime(0) },
    { type, status: "True", lastTransitionTime: formatTime(ms) },
  ],
});
const jobOf = (
  ttl: number | undefined,
  status: JobStatus | undefined,
  metadata: Partial<Job["metadata"]> = {},
): Job => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { ...KEY, ...metadata },
  spec: {
    template: { spec: { containers: [] } },
    ...(ttl === undefined ? {} : { ttlSecondsAfterFinished: ttl }),
  },
  ...(status ? { status } : {}),
});

const example = transcripts({
  plan: (job: Job, now) => planFinished({ job }, now),
  now: 100_000,
  tell: ({ expiredAt }) => `delete it, whose time was over at ${expiredAt / 1000} s`,
});

const cases: readonly (readonly [title: string, job: Job, expected: string])[] = [
  ["a Job without a time is kept", jobOf(undefined, endedAt(0)), "do nothing\nbecause it is kept for good"],
  ["a Job that runs is kept", jobOf(0, {}), "do nothing\nbecause it has not finished"],
  [
    "a finished Job waits for its time",
    jobOf(30, endedAt(90_000, "Failed")),
    "do nothing\nlook again in 20 s\nbecause it is kept for 30 s after its end",
  ],
  [
    "a Job that finished in the future waits for so much longer",
    jobOf(30, endedAt(160_000)),
    "do nothing\nlook again in 90 s\nbecause it is kept for 30 s after its end",
  ],
  [
    "a Job whose time is over goes",
    jobOf(30, endedAt(70_000)),
    "1. delete it, whose time was over at 100 s\nbecause its 30 s after its end are over",
  ],
  [
    "one without any time goes at its end",
    jobOf(0, endedAt(100_000)),
    "1. delete it, whose time was over at 100 s\nbecause its 0 s after its end are over",
  ],
  [
    "one that is being deleted is left alone",
    jobOf(0, endedAt(0), { deletionTimestamp: formatTime(0) }),
    "do nothing\nbecause it is being deleted",
  ],
  [
    "one that does not say when it finished is kept",
    jobOf(0, { conditions: [{ type: "Complete", status: "True" }] }),
    "do nothing\nbecause it does not say when it finished",
  ],
];
for (const [title, job, expected] of cases) example(title, job, expected);

test("at any time a finished Job is either deleted or looked at again when its time is over", () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(10_000), fc.nat(20_000), (ttl, end, now) => {
      const { steps, requeueAt } = planFinished({ job: jobOf(ttl, endedAt(end * 1000)) }, now * 1000);
      const over = (end + ttl) * 1000;
      assert.deepEqual([steps.length, requeueAt], now * 1000 >= over ? [1, undefined] : [0, over]);
    }),
  );
});

const newJob = (ttl: number): New<Job> => ({ metadata: { ...KEY }, spec: jobOf(ttl, undefined).spec! });

test("a finished Job is deleted when its time is over, and not before", async () => {
  await using world = await createTestWorld([ttlAfterFinishedController]);
  await world.client.create(JOBS, newJob(60));
  await world.settle(300_000);
  world.client.edit(JOBS, KEY, (draft) => void (draft.status = endedAt(world.clock.now())));
  await world.settle(59_000);
  assert.equal(world.client.all(JOBS).length, 1);
  await world.settle(2_000);
  assert.deepEqual(
    world.client.all(JOBS).filter(({ metadata }) => !metadata.deletionTimestamp),
    [],
  );
});

test("more time that no watch has shown yet counts", async () => {
  await using world = await createTestWorld([ttlAfterFinishedController]);
  await world.client.create(JOBS, newJob(60));
  world.client.edit(JOBS, KEY, (draft) => void (draft.status = endedAt(START)));
  await world.settle();
  world.client.before = (verb, { resource }) => {
    if (verb !== "get" || resource !== "jobs") return;
    world.client.before = undefined;
    world.client.edit(JOBS, KEY, (draft) => void Object.assign(draft.spec as object, { ttlSecondsAfterFinished: 600 }));
  };
  await world.settle(61_000);
  assert.equal(world.client.before, undefined, "the API was asked");
  assert.equal(world.client.all(JOBS)[0]?.metadata.deletionTimestamp, undefined);
  await world.settle(540_000);
  assert.deepEqual(
    world.client.all(JOBS).filter(({ metadata }) => !metadata.deletionTimestamp),
    [],
  );
});
