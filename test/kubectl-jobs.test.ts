import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Job, Pod } from "#objects";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";

const EXAMPLE = join(import.meta.dirname, "../examples/jobs.yaml");

interface JobOptions {
  readonly command?: string;
  /** More fields of the spec, as YAML in flow style. */
  readonly spec?: readonly string[];
  readonly restartPolicy?: string;
}

const job = (name: string, { command = "sleep 600", spec = [], restartPolicy = "Never" }: JobOptions = {}) => `
apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec:
${spec.map((line) => `  ${line}\n`).join("")}  template:
    spec:
      restartPolicy: ${restartPolicy}
      terminationGracePeriodSeconds: 1
      containers: [{name: c, image: busybox, command: [sh, -c, "${command}"]}]
`;

describe("kubectl works on Jobs", { concurrency: 4 }, () => {
  let cluster: ClusterUnderTest;
  before(async () => {
    cluster = await startUnderTest();
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  const statusOf = async (kubectl: Kubectl, name: string) => (await kubectl.json<Job>("job", name)).status ?? {};
  const podsOf = async (kubectl: Kubectl, name: string) =>
    (await kubectl.json<{ items: Pod[] }>("pods", "-l", `batch.kubernetes.io/job-name=${name}`)).items;
  const ended = (kubectl: Kubectl, condition: string, ...names: string[]) =>
    kubectl("wait", `--for=condition=${condition}`, "--timeout=120s", ...names.map((name) => `job/${name}`));
  const running = (kubectl: Kubectl, name: string, count: number) =>
    eventually(`${count} ready Pods of ${name}`, async () => (await statusOf(kubectl, name)).ready === count, 30_000);

  it("runs the example to its ends: complete, by a success policy, by a failure policy, by a deadline", async () => {
    const kubectl = await cluster.inNamespace("examples");
    assert.doesNotMatch((await kubectl.try(["apply", "-f", EXAMPLE])).stderr, /Warning/);
    await ended(kubectl, "complete", "letters", "shards", "first-wins");
    await ended(kubectl, "failed", "broken", "too-slow");
    const rows = (await kubectl("get", "jobs", "--no-headers")).trim().split("\n");
    assert.deepEqual(
      rows.map((row) => row.split(/ +/).slice(0, 3).join(" ")),
      [
        "broken Failed 0/1",
        "first-wins Complete 1/3",
        "letters Complete 6/6",
        "shards Complete 4/4",
        "too-slow Failed 0/1",
      ],
    );
    const reasons = await kubectl(
      "get",
      "jobs",
      '-o=jsonpath={range .items[*]}{.status.conditions[*].type} {.status.conditions[*].reason}{"\\n"}{end}',
    );
    assert.deepEqual(reasons.trim().split("\n"), [
      "FailureTarget Failed PodFailurePolicy PodFailurePolicy",
      "SuccessCriteriaMet Complete SuccessPolicy SuccessPolicy",
      "SuccessCriteriaMet Complete CompletionsReached CompletionsReached",
      "SuccessCriteriaMet Complete CompletionsReached CompletionsReached",
      "FailureTarget Failed DeadlineExceeded DeadlineExceeded",
    ]);
    const described = await kubectl("describe", "job", "shards");
    assert.match(described, /Completed Indexes: +0-3/);
    assert.match(described, /Normal +Completed .*Job completed/);
    assert.equal(await kubectl("logs", "job/letters", "--tail=1"), "Dear reader\n");
    await kubectl("delete", "-f", EXAMPLE);
    await eventually("the end of its Pods", async () => (await kubectl("get", "pods", "-o", "name")) === "");
    assert.match(await readFile(EXAMPLE, "utf8"), /kubectl apply -f examples\/jobs.yaml/);
  });

  it("gives Pods their index, which the container finds in its environment", async () => {
    const kubectl = await cluster.inNamespace("indexed");
    await kubectl.apply(job("parts", { spec: ["completionMode: Indexed", "completions: 2", "parallelism: 2"] }));
    await running(kubectl, "parts", 2);
    const pods = await podsOf(kubectl, "parts");
    assert.deepEqual(new Set(pods.map(({ spec }) => spec?.hostname)), new Set(["parts-0", "parts-1"]));
    for (const { metadata, spec } of pods) {
      const index = metadata.labels?.["batch.kubernetes.io/job-completion-index"];
      assert.match(metadata.name ?? "", new RegExp(`^parts-${index}-[a-z0-9]{5}$`));
      const { name, valueFrom } = spec!.containers[0]!.env![0]!;
      assert.equal(name, "JOB_COMPLETION_INDEX");
      assert.deepEqual(valueFrom?.fieldRef, {
        apiVersion: "v1",
        fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']",
      });
    }
  });

  it("adopts a Pod that has lost its owner, and releases one that no longer matches", async () => {
    const kubectl = await cluster.inNamespace("adopting");
    await kubectl.apply(job("owner", { spec: ["completions: 4", "parallelism: 2"] }));
    await running(kubectl, "owner", 2);
    const [stripped, relabelled] = (await podsOf(kubectl, "owner")).map(({ metadata }) => metadata.name!);
    const ownerOf = (pod: string) => kubectl("get", "pod", pod, "-o=jsonpath={.metadata.ownerReferences[*].name}");
    await kubectl("patch", "pod", stripped!, "--type=json", '-p=[{"op":"remove","path":"/metadata/ownerReferences"}]');
    await eventually("the adoption", async () => (await ownerOf(stripped!)) === "owner");
    const keys = ["job-name", "controller-uid"].flatMap((key) => [key, `batch.kubernetes.io/${key}`]);
    await kubectl("label", "pod", relabelled!, ...keys.map((key) => `${key}-`));
    await eventually("the release", async () => (await ownerOf(relabelled!)) === "");
    assert.equal(await kubectl("get", "pod", relabelled!, "-o=jsonpath={.metadata.finalizers}"), "");
    await eventually("another Pod", async () => (await podsOf(kubectl, "owner")).length === 2);
  });

  it("makes evicted Pods again without counting them, where the policy ignores disruptions", async () => {
    const kubectl = await cluster.inNamespace("evicting");
    const policy = "podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}";
    await kubectl.apply(job("disturbed", { command: "sleep 4", spec: ["backoffLimit: 0", policy] }));
    await running(kubectl, "disturbed", 1);
    const [pod] = await podsOf(kubectl, "disturbed");
    const path = `/api/v1/namespaces/evicting/pods/${pod!.metadata.name}/eviction`;
    const eviction = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name: pod!.metadata.name, namespace: "evicting" },
    };
    await kubectl.try(["create", "--raw", path, "-f", "-"], { input: JSON.stringify(eviction) });
    await ended(kubectl, "complete", "disturbed");
    const { succeeded, failed } = await statusOf(kubectl, "disturbed");
    assert.deepEqual([succeeded, failed], [1, undefined]);
  });

  it("restarts containers in place up to the limit, with restartPolicy OnFailure", async () => {
    const kubectl = await cluster.inNamespace("restarting");
    await kubectl.apply(job("restarted", { command: "exit 1", restartPolicy: "OnFailure", spec: ["backoffLimit: 1"] }));
    await ended(kubectl, "failed", "restarted");
    const { conditions } = await statusOf(kubectl, "restarted");
    assert.equal(conditions?.[0]?.reason, "BackoffLimitExceeded");
    assert.ok((await kubectl("get", "events", "-o=jsonpath={.items[*].reason}")).includes("SuccessfulDelete"));
  });

  it("deletes a Job with its Pods, or leaves them without the finalizer", async () => {
    const kubectl = await cluster.inNamespace("deleting-jobs");
    await kubectl.apply(job("gone", { spec: ["completions: 2", "parallelism: 2"] }));
    await kubectl.apply(job("left"));
    await running(kubectl, "gone", 2);
    await running(kubectl, "left", 1);
    await kubectl("delete", "job", "gone", "--cascade=foreground", "--timeout=60s");
    assert.deepEqual(await podsOf(kubectl, "gone"), []);
    await kubectl("delete", "job", "left", "--cascade=orphan");
    const [pod] = await podsOf(kubectl, "left");
    await eventually(
      "the end of the finalizer",
      async () => (await podsOf(kubectl, "left"))[0]?.metadata.finalizers === undefined,
    );
    await kubectl("delete", "pod", pod!.metadata.name!, "--timeout=60s");
  });

  it("suspends and resumes a Job, whose place may be changed meanwhile, and changes its status", async () => {
    const kubectl = await cluster.inNamespace("suspending");
    const patch = (spec: object) => kubectl.try(["patch", "job", "paused", "-p", JSON.stringify({ spec })]);
    const place = { template: { spec: { nodeSelector: { "kubernetes.io/os": "linux" } } } };
    await kubectl.apply(job("paused", { spec: ["completions: 2", "parallelism: 2"] }));
    await running(kubectl, "paused", 2);
    assert.match((await patch(place)).stderr, /field is immutable/);
    await patch({ suspend: true });
    await kubectl("wait", "--for=condition=suspended", "job/paused", "--timeout=60s");
    const { active, startTime, failed } = await statusOf(kubectl, "paused");
    assert.deepEqual([active, startTime, failed], [undefined, undefined, undefined]);
    assert.match(await kubectl("get", "job", "paused", "--no-headers"), /^paused +Suspended +0\/2/);
    assert.equal((await patch(place)).stderr, "");
    await patch({ suspend: false });
    await running(kubectl, "paused", 2);
    await kubectl("patch", "job", "paused", "--subresource=status", "-p", '{"status":{"failed":1}}');
    assert.equal((await statusOf(kubectl, "paused")).failed, 1);
    await kubectl("delete", "jobs", "--all", "--timeout=60s");
  });

  it("is left to another controller by managedBy", async () => {
    const kubectl = await cluster.inNamespace("managed");
    await kubectl.apply(job("foreign", { spec: ["managedBy: example.com/other"] }));
    await kubectl.apply(job("own", { command: "exit 0" }));
    await ended(kubectl, "complete", "own");
    assert.deepEqual([await podsOf(kubectl, "foreign"), await statusOf(kubectl, "foreign")], [[], {}]);
  });
});
