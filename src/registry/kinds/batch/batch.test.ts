import assert from "node:assert/strict";
import { test } from "node:test";
import type { CronJob, Draft, FieldError, Job, KubeObject } from "#objects";
import type { ResourceDefinition, WriteContext } from "../../definition.ts";
import { cronJobs } from "./cron-job.ts";
import { jobs } from "./job.ts";

const CONTEXT = {} as WriteContext;
const NOW = Date.UTC(2026, 0, 1, 1);
const at = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();

const texts = (errors: readonly FieldError[] = []) => errors.map(({ field, message }) => `${field}: ${message}`);
const cells = (definition: ResourceDefinition, object: KubeObject) =>
  (definition.columns ?? []).map(({ cell }) => cell(object, NOW));
const wrong = (definition: ResourceDefinition, object: KubeObject) => texts(definition.validate?.(object, CONTEXT));

const TEMPLATE = { spec: { restartPolicy: "Never", containers: [{ name: "a", image: "i:1" }] } };

function created(spec: object, metadata: object = {}): Job {
  const draft = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "pi", namespace: "default", creationTimestamp: at(60), ...metadata },
    spec: structuredClone({ template: TEMPLATE, ...spec }),
  } as unknown as Draft<Job>;
  jobs.applyDefaults?.(draft);
  draft.metadata.uid = "u1";
  jobs.prepareForCreate?.(draft, CONTEXT);
  return draft as Job;
}

const LABELS = {
  "batch.kubernetes.io/controller-uid": "u1",
  "batch.kubernetes.io/job-name": "pi",
  "controller-uid": "u1",
  "job-name": "pi",
};

test("a Job gets upstream's defaults, and a generated selector and labels", () => {
  const { spec, metadata, status } = created({});
  const { template, ...rest } = spec!;
  assert.deepEqual(rest, {
    backoffLimit: 6,
    completionMode: "NonIndexed",
    completions: 1,
    manualSelector: false,
    parallelism: 1,
    podReplacementPolicy: "TerminatingOrFailed",
    selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "u1" } },
    suspend: false,
  });
  assert.deepEqual(template.metadata, { labels: LABELS });
  assert.deepEqual(metadata.labels, LABELS);
  assert.deepEqual(status, {});
});

test("a Job with parallelism alone keeps its completions absent; limits by index lift the common one", () => {
  const { completions, parallelism } = created({ parallelism: 3 }).spec!;
  assert.deepEqual([completions, parallelism], [undefined, 3]);
  const indexed = created({ completionMode: "Indexed", completions: 3, backoffLimitPerIndex: 1 });
  assert.equal(indexed.spec?.backoffLimit, 2147483647);
  assert.deepEqual(wrong(jobs, indexed), []);
});

test("a Job's numbers, completion mode and policies are checked in upstream's words", () => {
  assert.deepEqual(wrong(jobs, created({})), []);
  assert.deepEqual(wrong(jobs, created({ template: { spec: { containers: TEMPLATE.spec.containers } } })), [
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ]);
  assert.deepEqual(
    wrong(
      jobs,
      created({
        backoffLimit: -1,
        completionMode: "Indexed",
        parallelism: 1,
        backoffLimitPerIndex: 1,
        podFailurePolicy: { rules: [{ action: "X" }] },
      }),
    ),
    [
      "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
      "spec.completions: Required value: when completion mode is Indexed",
      'spec.podFailurePolicy.rules[0].action: Unsupported value: "X": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
      'spec.podFailurePolicy.rules[0]: Invalid value: {"action":"X"}: specifying one of OnExitCodes and OnPodConditions is required',
    ],
  );
  const named = { ...TEMPLATE, metadata: { labels: { "job-name": "other" } } };
  const shown =
    '{"controller-uid":"u1","job-name":"other","batch.kubernetes.io/controller-uid":"u1","batch.kubernetes.io/job-name":"pi"}';
  assert.deepEqual(wrong(jobs, created({ template: named })), [
    `spec.template.metadata.labels[job-name]: Invalid value: ${shown}: must be 'pi'`,
  ]);
});

test("a Job's completions and template are immutable, but for elastic indexed Jobs and suspended ones", () => {
  const change = (object: Job, old: Job) =>
    texts(jobs.validateUpdate?.(object, old, CONTEXT)).map((text) =>
      text.replace(/Invalid value: .*: (?=field|can)/, ""),
    );
  assert.deepEqual(change(created({ parallelism: 5, completions: 1, suspend: true }), created({})), []);
  assert.deepEqual(change(created({ completions: 2 }), created({})), ["spec.completions: field is immutable"]);
  const image = { spec: { ...TEMPLATE.spec, containers: [{ name: "a", image: "i:2" }] } };
  assert.deepEqual(change(created({ template: image }), created({})), ["spec.template: field is immutable"]);
  const moved = { spec: { ...TEMPLATE.spec, nodeSelector: { a: "b" } } };
  assert.deepEqual(change(created({ template: moved }), created({})), ["spec.template: field is immutable"]);
  assert.deepEqual(change(created({ template: moved, suspend: true }), created({ suspend: true })), []);
  const indexed = (completions: number, parallelism = completions) =>
    created({ completionMode: "Indexed", completions, parallelism });
  assert.deepEqual(change(indexed(3), indexed(2)), []);
  assert.deepEqual(change(indexed(3, 2), indexed(2)), [
    "spec.completions: can only be modified in tandem with spec.parallelism",
  ]);
});

test("a Job's columns show its state, completions and duration", () => {
  const row = (status: Job["status"], spec: object = {}) =>
    cells(jobs, { ...created(spec), ...(status ? { status } : {}) } as Job).slice(0, 4);
  assert.deepEqual(row({ startTime: at(5), active: 1 }), ["Running", "0/1", "5m", "60m"]);
  const complete = {
    conditions: [{ type: "Complete", status: "True" }],
    succeeded: 1,
    startTime: at(9),
    completionTime: at(8),
  };
  assert.deepEqual(row(complete), ["Complete", "1/1", "60s", "60m"]);
  assert.deepEqual(row({}, { parallelism: 3 }), ["Running", "0/1 of 3", "", "60m"]);
  assert.deepEqual(row({ conditions: [{ type: "Suspended", status: "True" }] })[0], "Suspended");
  assert.deepEqual(cells(jobs, created({})).slice(4), ["a", "i:1", "batch.kubernetes.io/controller-uid=u1"]);
});

function cron(spec: object, name = "nightly"): CronJob {
  const draft = {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name, namespace: "default", creationTimestamp: at(60) },
    spec: structuredClone({ schedule: "0 3 * * *", jobTemplate: { spec: { template: TEMPLATE } }, ...spec }),
  } as unknown as Draft<CronJob>;
  cronJobs.applyDefaults?.(draft);
  return draft as CronJob;
}

test("a CronJob is defaulted and validated, and shows upstream's columns", () => {
  const object = cron({});
  const { jobTemplate, ...rest } = object.spec!;
  assert.deepEqual(rest, {
    concurrencyPolicy: "Allow",
    failedJobsHistoryLimit: 1,
    schedule: "0 3 * * *",
    successfulJobsHistoryLimit: 3,
    suspend: false,
  });
  assert.equal(jobTemplate.spec?.backoffLimit, undefined);
  assert.equal(jobTemplate.spec?.template.spec?.dnsPolicy, "ClusterFirst");
  assert.deepEqual(wrong(cronJobs, object), []);
  assert.deepEqual(cells(cronJobs, { ...object, status: { lastScheduleTime: at(30), active: [{}] } } as CronJob), [
    "0 3 * * *",
    "<none>",
    "False",
    1,
    "30m",
    "60m",
    "a",
    "i:1",
    "<none>",
  ]);
  const bad = {
    schedule: "0 3 * *",
    timeZone: "Mars/Base",
    concurrencyPolicy: "X",
    jobTemplate: { spec: { template: TEMPLATE, selector: {} } },
  };
  assert.deepEqual(wrong(cronJobs, cron(bad)), [
    'spec.schedule: Invalid value: "0 3 * *": expected exactly 5 fields, found 4: [0 3 * *]',
    'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
    'spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", "Replace"',
    "spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated",
  ]);
  assert.deepEqual(texts(cronJobs.validateCreate?.(cron({}, "x".repeat(53)), CONTEXT)), [
    `metadata.name: Invalid value: "${"x".repeat(53)}": must be no more than 52 characters`,
  ]);
});
