import { strict as assert } from "node:assert";
import { test } from "node:test";
import { formatTime, type Job, type JobSpec, type JobStatus, type Pod } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { backoffAfter, backoffMs, NO_BACKOFF } from "./backoff.ts";
import { failureRuling } from "./failure-policy.ts";
import { planCounts, planEnd, planPods, situationOf, type JobStep, type Situation } from "./plan.ts";
import { COMPLETION_INDEX, finishedAt, INDEX_FAILURES, TRACKING } from "./pods.ts";
import { metSuccessRule } from "./success-policy.ts";
import type { JobView } from "./tally.ts";
import { newJob } from "./testing/world.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const ago = (seconds: number) => formatTime(NOW - seconds * 1000);

const pod = (name: string, phase: string, { index = -1, failures = -1, ended = 60, deleting = false } = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    namespace: "default",
    uid: name,
    finalizers: [TRACKING],
    annotations: {
      ...(index < 0 ? {} : { [COMPLETION_INDEX]: `${index}` }),
      ...(failures < 0 ? {} : { [INDEX_FAILURES]: `${failures}` }),
    },
    ...(deleting ? { deletionTimestamp: ago(0) } : {}),
  },
  status: {
    phase,
    ...(phase === "Failed" || phase === "Succeeded"
      ? { conditions: [{ type: "Ready", status: "False", lastTransitionTime: ago(ended) }] }
      : {}),
  },
});

const view = (spec: Partial<JobSpec>, pods: readonly Pod[], status: JobStatus = {}): JobView => {
  const { metadata, spec: full } = newJob(spec);
  const job = { apiVersion: "batch/v1", kind: "Job", metadata, spec: full!, status } as Job & {
    readonly spec: JobSpec;
  };
  return { job, pods, backoff: undefined };
};

const name = ({ metadata }: Pod) => metadata.name;
const tell = (step: JobStep): string => {
  switch (step.type) {
    case "create":
      return `create ${step.pods.map(({ index, replaces }) => `${index ?? "a Pod"}${replaces ? ` for ${name(replaces)}` : ""}`).join(", ")}`;
    case "delete":
      return `delete ${step.pods.map(name).join(", ")}${step.isCounted ? "" : ", not to be counted"}`;
    case "release":
      return `release ${step.pods.map(name).join(", ")}`;
    case "remember":
      return `remember ${step.backoff.failures} failures`;
    case "write-status": {
      const { conditions = [], uncountedTerminatedPods: uncounted = {} } = step.status;
      const events = step.events.map(({ reason }) => `, Event ${reason}`).join("");
      return `write ${[
        ...conditions.map(({ type }) => type),
        ...(uncounted.succeeded ?? []).map((uid) => `${uid} has succeeded`),
        ...(uncounted.failed ?? []).map((uid) => `${uid} has failed`),
        `${step.status.active ?? 0} active, ${step.status.succeeded ?? 0} succeeded, ${step.status.failed ?? 0} failed`,
      ].join(", ")}${events}`;
    }
  }
};

const pods = transcripts({
  plan: (given: JobView, now) => planPods(situationOf(given, now), now),
  now: NOW,
  tell,
});

pods(
  "as many Pods are made as may run at once, and no more than have still to succeed",
  view({ completions: 5, parallelism: 3 }, [pod("a", "Succeeded"), pod("b", "Running")], { succeeded: 2 }),
  `
  1. create a Pod
  because 1 of 2 Pods are active
`,
);

pods(
  "after two failures the next Pod waits for 20 s",
  view({ parallelism: 1, completions: 1 }, [pod("a", "Failed", { ended: 12 }), pod("b", "Failed", { ended: 5 })]),
  `
  do nothing
  look again in 15 s
  because 0 of 1 Pods are active; failures delay the next
`,
);

pods(
  "each index waits for itself",
  view({ completions: 3, parallelism: 3, completionMode: "Indexed", backoffLimit: 99, backoffLimitPerIndex: 5 }, [
    pod("a", "Failed", { index: 0, failures: 0, ended: 4 }),
    pod("b", "Failed", { index: 1, failures: 1, ended: 30 }),
  ]),
  `
  1. create 1 for b, 2
  look again in 6 s
  because 0 of 3 Pods are active
`,
);

pods(
  "the verdict is written before Pods are deleted for it",
  view({ completions: 2, parallelism: 2, activeDeadlineSeconds: 30 }, [pod("a", "Running"), pod("b", "Running")], {
    startTime: ago(30),
  }),
  `
  1. write FailureTarget, 0 active, 0 succeeded, 0 failed
  2. delete a, b
  because it ends: DeadlineExceeded
`,
);

pods(
  "a Job is looked at again when its deadline comes",
  view({ parallelism: 1, completions: 1, activeDeadlineSeconds: 30 }, [pod("a", "Running")], { startTime: ago(10) }),
  `
  do nothing
  look again in 20 s
  because 1 of 1 Pods are active
`,
);

pods(
  "the Pods of a suspended Job go without being counted",
  view({ parallelism: 1, completions: 1, suspend: true }, [pod("a", "Running")]),
  `
  1. delete a, not to be counted
  because it is suspended
`,
);

const counts = transcripts({
  plan: (given: Situation, now) => planCounts({ situation: given, job: given.view.job, created: 0, deleted: [] }, now),
  now: NOW,
  tell,
});

counts(
  "what has ended is told before it loses the finalizer",
  situationOf(
    view({ completions: 3, parallelism: 3 }, [pod("a", "Succeeded"), pod("b", "Failed"), pod("c", "Running")]),
    NOW,
  ),
  `
  1. write a has succeeded, b has failed, 1 active, 0 succeeded, 0 failed
  2. remember 0 failures
  3. release a, b
  because 1 are active, 1 have succeeded, 1 have failed
`,
);

counts(
  "a failed Pod keeps the finalizer until another does its index",
  situationOf(
    view({ completions: 2, parallelism: 2, completionMode: "Indexed", backoffLimit: 99, backoffLimitPerIndex: 5 }, [
      pod("a", "Failed", { index: 0, failures: 0 }),
      pod("b", "Failed", { index: 1, failures: 0 }),
      pod("c", "Running", { index: 1, failures: 1 }),
    ]),
    NOW,
  ),
  `
  1. write b has failed, 1 active, 0 succeeded, 0 failed
  2. remember 2 failures
  3. release b
  because 1 are active, 0 have succeeded, 2 have failed
`,
);

const ends = transcripts({
  plan: (given: JobView, now) => planEnd({ ...given, released: new Set(["a"]) }, now),
  now: NOW,
  tell,
});
const met = { type: "SuccessCriteriaMet", status: "True", reason: "CompletionsReached" };

ends(
  "what has lost the finalizer is counted, and the Job is complete when nothing is left",
  view({ completions: 1, parallelism: 1 }, [pod("a", "Succeeded")], {
    conditions: [met],
    terminating: 0,
    uncountedTerminatedPods: { succeeded: ["a"] },
  }),
  `
  1. write SuccessCriteriaMet, Complete, 0 active, 1 succeeded, 0 failed, Event Completed
  because all its Pods have ended and are counted
`,
);

ends(
  "a Job with a Pod that is still terminating has not ended",
  view({ completions: 1, parallelism: 1 }, [pod("a", "Succeeded")], {
    conditions: [met],
    terminating: 1,
    uncountedTerminatedPods: { succeeded: ["a"] },
  }),
  `
  1. write SuccessCriteriaMet, 0 active, 1 succeeded, 0 failed
  because 0 Pods are not counted
`,
);

test("the delay doubles from 10 s to 10 min, and a success ends it", () => {
  const delays = [1, 2, 3, 6, 7, 50].map((failures) => backoffMs({ failures, lastFailureAt: NOW }, NOW) / 1000);
  assert.deepEqual(delays, [10, 20, 40, 320, 600, 600]);
  assert.equal(backoffMs({ failures: 1, lastFailureAt: NOW - 60_000 }, NOW), 0);
  const failed = [pod("a", "Failed", { ended: 20 }), pod("b", "Failed", { ended: 10 })];
  assert.deepEqual(backoffAfter({ failures: 1, lastFailureAt: 5 }, [], failed), {
    failures: 3,
    lastFailureAt: NOW - 10_000,
  });
  assert.equal(
    backoffAfter({ failures: 3, lastFailureAt: 5 }, [pod("c", "Succeeded", { ended: 15 })], failed).failures,
    1,
  );
  assert.equal(backoffAfter({ failures: 3, lastFailureAt: 5 }, [pod("c", "Succeeded", { ended: 5 })], []), NO_BACKOFF);
});

test("a Pod has ended when its last container has, its side-cars included", () => {
  const ended = (name: string, seconds: number) => ({
    name,
    state: { terminated: { finishedAt: ago(seconds), exitCode: 1 } },
  });
  const given = (initContainerStatuses: readonly object[], containerStatuses: readonly object[]) =>
    ({
      ...pod("a", "Failed", { ended: 3 }),
      spec: { initContainers: [{ name: "init" }, { name: "sidecar", restartPolicy: "Always" }], containers: [] },
      status: { ...pod("a", "Failed", { ended: 3 }).status, initContainerStatuses, containerStatuses },
    }) as unknown as Pod;
  const seconds = (one: Pod) => (NOW - finishedAt(one)) / 1000;
  assert.equal(seconds(given([ended("init", 1), ended("sidecar", 20)], [ended("main", 40)])), 20);
  assert.equal(seconds(given([], [ended("main", 40), { name: "other", state: {} }])), 3, "by its condition");
});

test("the first rule of the failure policy that is about a Pod decides", () => {
  const failed = {
    ...pod("a", "Failed"),
    status: {
      phase: "Failed",
      conditions: [{ type: "DisruptionTarget", status: "True" }],
      containerStatuses: [{ name: "main", state: { terminated: { exitCode: 3 } } }],
    },
  } as unknown as Pod;
  const exits = (operator: string, values: number[], containerName?: string) => ({
    onExitCodes: { operator, values, ...(containerName === undefined ? {} : { containerName }) },
  });
  const ruling = (...rules: object[]) => failureRuling({ rules } as never, failed).action;
  assert.equal(
    ruling({ action: "FailJob", ...exits("In", [1, 2]) }, { action: "Count", ...exits("In", [3]) }),
    "Count",
  );
  assert.equal(ruling({ action: "Ignore", ...exits("NotIn", [1, 2]) }), "Ignore");
  assert.equal(ruling({ action: "Ignore", ...exits("NotIn", [3]) }), undefined);
  assert.equal(ruling({ action: "FailIndex", ...exits("In", [3], "other") }), undefined);
  const onPodConditions = [{ type: "DisruptionTarget", status: "True" }];
  const { message } = failureRuling({ rules: [{ action: "FailJob", onPodConditions }] } as never, failed);
  assert.equal(message, "Pod default/a has condition DisruptionTarget matching FailJob rule at index 0");
});

test("a success rule asks for indexes, for a number, or for a number of certain indexes", () => {
  const succeeded = [
    { first: 0, last: 1 },
    { first: 4, last: 4 },
  ];
  const rule = (given: object) => metSuccessRule({ rules: [given] } as never, 6, succeeded);
  assert.equal(rule({ succeededIndexes: "0,4" }), "Matched rules at index 0");
  assert.equal(rule({ succeededIndexes: "0-2" }), undefined);
  assert.equal(rule({ succeededIndexes: "0-2", succeededCount: 2 }), "Matched rules at index 0");
  assert.equal(rule({ succeededCount: 4 }), undefined);
  assert.equal(rule({ succeededCount: 3 }), "Matched rules at index 0");
  assert.equal(metSuccessRule({ rules: [{ succeededCount: 0 }] }, 6, []), undefined);
});
