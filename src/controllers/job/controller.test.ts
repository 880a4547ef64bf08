import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { JOBS, PODS, type Pod } from "#objects";
import { createJobWorld, KEY, newJob, tracked } from "./testing/world.ts";

const INDEX = "batch.kubernetes.io/job-completion-index";
const indexOf = ({ metadata }: Pod) => Number(metadata.annotations?.[INDEX]);

describe("a Job", () => {
  test("runs Pods of its template, tracked and owned, and is complete when enough have succeeded", async () => {
    await using world = await createJobWorld();
    const job = await world.create({ completions: 3, parallelism: 2 });
    assert.equal(world.live().length, 2);
    const [pod] = world.live();
    assert.match(pod!.metadata.name!, /^pi-[a-z0-9]{5}$/);
    assert.deepEqual(pod!.metadata.finalizers, ["batch.kubernetes.io/job-tracking"]);
    assert.deepEqual(pod!.metadata.ownerReferences, [
      {
        apiVersion: "batch/v1",
        kind: "Job",
        name: "pi",
        uid: job.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    assert.equal(world.job().status?.active, 2);
    assert.ok(world.job().status?.startTime);
    await world.finish("Succeeded", ...world.live());
    assert.equal(world.live().length, 1);
    assert.equal(world.job().status?.succeeded, 2);
    await world.finish("Succeeded", ...world.live());
    const { status } = world.job();
    assert.equal(world.conditions(), "SuccessCriteriaMet Complete");
    const { conditions, startTime, completionTime, ...figures } = status!;
    assert.deepEqual(figures, { ready: 0, succeeded: 3, terminating: 0, uncountedTerminatedPods: {} });
    assert.deepEqual(
      conditions?.map(({ reason, message }) => `${reason}: ${message}`),
      Array.from({ length: 2 }, () => "CompletionsReached: Reached expected number of succeeded pods"),
    );
    assert.ok(startTime && completionTime);
    assert.equal(tracked(world.pods()), 0);
    assert.ok(world.w.events().includes("Normal Completed Job completed"));
  });

  test("tells of several ends with one write, before and after their finalizers go", async () => {
    await using world = await createJobWorld();
    await world.create({ completions: 20, parallelism: 20 });
    const before = world.w.client.writes.length;
    await world.finish("Succeeded", ...world.live());
    const writes = world.w.client.writes.slice(before).filter((write) => write.includes("jobs"));
    assert.equal(writes.length, 2, writes.join("\n"));
  });

  test("waits 10 s after a failure, twice as long after the next, and fails beyond its limit", async () => {
    await using world = await createJobWorld();
    await world.create({ backoffLimit: 2 });
    for (const seconds of [10, 20]) {
      await world.finish("Failed", ...world.live());
      await world.w.settle((seconds - 3) * 1000);
      assert.equal(world.live().length, 0, `before ${seconds} s`);
      await world.w.settle(4000);
      assert.equal(world.live().length, 1, `after ${seconds} s`);
    }
    await world.finish("Failed", ...world.live());
    assert.equal(world.conditions(), "FailureTarget Failed");
    assert.equal(world.job().status?.failed, 3);
    assert.equal(world.job().status?.conditions?.[1]?.reason, "BackoffLimitExceeded");
    assert.ok(world.w.events().includes("Warning BackoffLimitExceeded Job has reached the specified backoff limit"));
  });

  test("without a number of completions ends with the first success, once all others have ended", async () => {
    await using world = await createJobWorld();
    await world.create({ parallelism: 3 });
    const [first, ...rest] = world.live();
    await world.finish("Succeeded", first!);
    assert.equal(world.live().length, 2);
    assert.equal(world.conditions(), "");
    await world.finish("Succeeded", ...rest);
    assert.equal(world.conditions(), "SuccessCriteriaMet Complete");
    assert.equal(world.job().status?.succeeded, 3);
  });

  test("deletes what is active when it fails, and is Failed only when that has ended", async () => {
    await using world = await createJobWorld();
    await world.create({ completions: 2, parallelism: 2, activeDeadlineSeconds: 60 });
    for (const pod of world.live()) world.w.kubelet.run(pod, true);
    await world.w.settle(58_000);
    assert.equal(world.conditions(), "");
    assert.equal(world.job().status?.ready, 2);
    await world.w.settle(3000);
    assert.equal(world.conditions(), "FailureTarget");
    const { active, failed, terminating, ready } = world.job().status!;
    assert.deepEqual([active, failed, terminating, ready], [undefined, 2, 2, 0]);
    assert.equal(tracked(world.pods()), 0);
    for (const pod of world.pods()) world.w.kubelet.kill(pod);
    await world.w.settle(500);
    assert.equal(world.conditions(), "FailureTarget Failed");
    assert.equal(world.job().status?.conditions?.[1]?.reason, "DeadlineExceeded");
    assert.equal(world.job().status?.terminating, 0);
  });

  test("replaces a Pod that is being deleted at once, or only when it has ended", async () => {
    for (const [podReplacementPolicy, replaced, failed] of [
      ["TerminatingOrFailed", 1, 1],
      ["Failed", 0, undefined],
    ] as const) {
      await using world = await createJobWorld();
      await world.create({ podReplacementPolicy });
      world.w.kubelet.run(world.live()[0]!, true);
      await world.w.client.delete(PODS, { namespace: "default", name: world.live()[0]!.metadata.name! });
      await world.w.settle(12_000);
      assert.equal(world.live().length, replaced, podReplacementPolicy);
      assert.equal(world.job().status?.failed, failed);
      assert.equal(world.job().status?.terminating, 1);
    }
  });

  test("that is suspended runs nothing, and starts anew when it is resumed", async () => {
    await using world = await createJobWorld();
    await world.create({ completions: 2, parallelism: 2, suspend: true });
    assert.equal(world.pods().length, 0);
    assert.equal(world.job().status?.startTime, undefined);
    assert.equal(world.conditions(), "Suspended");
    await world.change({ suspend: false });
    assert.equal(world.live().length, 2);
    assert.equal(world.conditions(), "-Suspended");
    assert.ok(world.job().status?.startTime);
    await world.change({ suspend: true });
    assert.equal(world.live().length, 0);
    assert.equal(world.conditions(), "Suspended");
    assert.equal(world.job().status?.failed, undefined, "what it took away has not failed");
    const events = world.w.events();
    assert.ok(events.includes("Normal Suspended Job suspended") && events.includes("Normal Resumed Job resumed"));
  });

  test("that another controller manages, or that has ended, is left alone", async () => {
    await using world = await createJobWorld();
    await world.create({ managedBy: "example.com/other" });
    assert.equal(world.pods().length, 0);
    assert.equal(world.job().status, undefined);
    await using ended = await createJobWorld();
    await ended.create();
    await ended.finish("Succeeded", ...ended.live());
    await ended.change({ parallelism: 5, completions: 5 });
    assert.equal(ended.pods().length, 1);
  });

  test("grows and shrinks with its parallelism; what goes does not count", async () => {
    await using world = await createJobWorld();
    await world.create({ completions: 9, parallelism: 4 });
    await world.change({ parallelism: 1 });
    assert.equal(world.live().length, 1);
    assert.equal(world.job().status?.failed, undefined);
    await world.change({ parallelism: 3 });
    assert.equal(world.live().length, 3);
  });

  test("adopts Pods that match and gives them the finalizer; releases those that do not, without it", async () => {
    await using world = await createJobWorld();
    const { spec } = newJob();
    const labels = spec!.selector!.matchLabels!;
    await world.w.client.create(PODS, {
      metadata: { namespace: "default", name: "orphan", labels },
      spec: spec!.template.spec!,
    });
    const job = await world.create();
    assert.equal(world.pods().length, 1);
    assert.equal(world.pods()[0]?.metadata.ownerReferences?.[0]?.uid, job.metadata.uid);
    assert.equal(tracked(world.pods()), 1);
    world.w.client.edit(PODS, { namespace: "default", name: "orphan" }, ({ metadata }) => {
      metadata.labels = {};
    });
    await world.w.settle(500);
    const orphan = world.pods().find(({ metadata }) => metadata.name === "orphan");
    assert.deepEqual([orphan?.metadata.ownerReferences, tracked([orphan!])], [[], 0]);
    assert.equal(world.pods().length, 2);
  });

  test("that is deleted leaves no finalizer behind", async () => {
    await using world = await createJobWorld();
    await world.create({ completions: 3, parallelism: 3 });
    assert.equal(tracked(world.pods()), 3);
    world.w.client.remove(JOBS, KEY);
    await world.w.settle(500);
    assert.equal(tracked(world.pods()), 0);
  });
});

describe("an Indexed Job", () => {
  test("gives each Pod its index: in name, host name, label, annotation and environment", async () => {
    await using world = await createJobWorld();
    await world.create({ completions: 3, parallelism: 2, completionMode: "Indexed" });
    const [pod] = world.live();
    assert.match(pod!.metadata.name!, /^pi-0-[a-z0-9]{5}$/);
    assert.equal(pod!.spec?.hostname, "pi-0");
    assert.deepEqual([pod!.metadata.labels?.[INDEX], pod!.metadata.annotations?.[INDEX]], ["0", "0"]);
    assert.deepEqual(pod!.spec?.containers[0]?.env, [
      { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } } },
    ]);
    assert.deepEqual(world.live().map(indexOf), [0, 1]);
    await world.finish("Succeeded", world.live()[1]!);
    assert.equal(world.job().status?.completedIndexes, "1");
    assert.deepEqual(
      world
        .live()
        .map(indexOf)
        .sort((a, b) => a - b),
      [0, 2],
    );
    await world.finish("Succeeded", ...world.live());
    assert.equal(world.job().status?.completedIndexes, "0-2");
    assert.equal(world.conditions(), "SuccessCriteriaMet Complete");
  });

  test("tries an index again by its own limit, and fails in the end for those that have failed", async () => {
    await using world = await createJobWorld();
    const spec = { completionMode: "Indexed", backoffLimit: 2 ** 31 - 1, backoffLimitPerIndex: 1 };
    await world.create({ ...spec, completions: 2, parallelism: 2 });
    const [zero, one] = world.live();
    await world.finish("Succeeded", one!);
    await world.finish("Failed", zero!);
    assert.equal(tracked(world.pods()), 1, "it stays until another is there for its index");
    await world.w.settle(11_000);
    const [again] = world.live();
    assert.equal(again?.metadata.annotations?.["batch.kubernetes.io/job-index-failure-count"], "1");
    assert.equal(tracked(world.pods()), 1);
    await world.finish("Failed", again!);
    const { status } = world.job();
    assert.deepEqual([status?.failedIndexes, status?.completedIndexes, status?.failed], ["0", "1", 2]);
    assert.equal(status?.conditions?.[1]?.reason, "FailedIndexes");
  });

  test("fails when more indexes have failed than may", async () => {
    await using world = await createJobWorld();
    const spec = { completionMode: "Indexed", backoffLimit: 2 ** 31 - 1, backoffLimitPerIndex: 0 };
    await world.create({ ...spec, completions: 4, parallelism: 4, maxFailedIndexes: 1 });
    const [zero, , two] = world.live();
    await world.finish("Failed", zero!);
    assert.equal(world.conditions(), "");
    await world.finish("Failed", two!);
    assert.equal(world.job().status?.conditions?.[0]?.reason, "MaxFailedIndexesExceeded");
    assert.equal(world.live().length, 0);
  });

  test("is complete by its success policy, and what it ends by that has not failed", async () => {
    await using world = await createJobWorld();
    await world.create({
      completionMode: "Indexed",
      completions: 5,
      parallelism: 5,
      backoffLimit: 0,
      successPolicy: { rules: [{ succeededIndexes: "0", succeededCount: 1 }, { succeededCount: 2 }] },
    });
    for (const pod of world.live()) world.w.kubelet.run(pod, true);
    await world.finish("Succeeded", world.live()[1]!, world.live()[2]!);
    assert.equal(world.conditions(), "SuccessCriteriaMet");
    assert.equal(world.job().status?.terminating, 3);
    for (const pod of world.pods()) if (pod.metadata.deletionTimestamp) world.w.kubelet.kill(pod);
    await world.w.settle(500);
    const { status } = world.job();
    assert.equal(world.conditions(), "SuccessCriteriaMet Complete");
    assert.deepEqual(
      [status?.conditions?.[1]?.reason, status?.conditions?.[1]?.message],
      ["SuccessPolicy", "Matched rules at index 1"],
    );
    assert.deepEqual([status?.succeeded, status?.failed, status?.completedIndexes], [2, undefined, "1,2"]);
  });

  test("whose success policy asks for all indexes is complete once all have succeeded", async () => {
    await using world = await createJobWorld();
    const successPolicy = { rules: [{ succeededIndexes: "0-1" }] };
    await world.create({ completionMode: "Indexed", completions: 2, parallelism: 2, successPolicy });
    for (const pod of world.live()) world.w.kubelet.run(pod, true);
    await world.finish("Succeeded", world.live()[0]!);
    assert.equal(world.conditions(), "");
    await world.finish("Succeeded", world.live()[0]!);
    await world.w.settle(500);
    assert.equal(world.conditions(), "SuccessCriteriaMet Complete");
    assert.deepEqual([world.job().status?.succeeded, world.job().status?.completedIndexes], [2, "0,1"]);
  });

  test("shrinks and grows with completions and parallelism", async () => {
    await using world = await createJobWorld();
    await world.create({ completionMode: "Indexed", completions: 4, parallelism: 4 });
    await world.finish("Succeeded", world.live()[3]!);
    await world.change({ completions: 2, parallelism: 2 });
    assert.deepEqual(world.live().map(indexOf), [0, 1]);
    assert.equal(world.job().status?.completedIndexes, undefined);
    await world.change({ completions: 3, parallelism: 3 });
    assert.deepEqual(world.live().map(indexOf), [0, 1, 2]);
  });

  test("has one Pod for an index, whatever else was made for it", async () => {
    await using world = await createJobWorld();
    const job = await world.create({ completionMode: "Indexed", completions: 2, parallelism: 2 });
    const { metadata, spec } = world.live()[0]!;
    const { labels, annotations, finalizers, ownerReferences } = metadata;
    const twin = { namespace: "default", name: "twin", labels, annotations, finalizers, ownerReferences };
    await world.w.client.create(PODS, { metadata: twin as object, spec: spec! });
    await world.w.settle(500);
    assert.deepEqual(
      world
        .live()
        .map(indexOf)
        .sort((a, b) => a - b),
      [0, 1],
    );
    assert.equal(job.status?.active, 2);
  });
});

describe("the failure policy of a Job", () => {
  const onExitCode = (action: string) => ({
    rules: [{ action, onExitCodes: { operator: "In", values: [42] } }],
  });
  const failWith = async (world: Awaited<ReturnType<typeof createJobWorld>>, pod: Pod, exitCode: number) => {
    world.w.client.edit(PODS, { namespace: "default", name: pod.metadata.name! }, (draft) => {
      const containerStatuses = [{ name: "c", state: { terminated: { exitCode } } }];
      draft.status = { phase: "Failed", containerStatuses };
    });
    await world.w.settle(500);
  };

  test("FailJob ends it with the first such failure", async () => {
    await using world = await createJobWorld();
    await world.create({ completions: 2, parallelism: 2, podFailurePolicy: onExitCode("FailJob") });
    const [pod, other] = world.live();
    await failWith(world, other!, 1);
    assert.equal(world.conditions(), "");
    await failWith(world, pod!, 42);
    const condition = world.job().status?.conditions?.[0];
    assert.equal(condition?.reason, "PodFailurePolicy");
    assert.equal(
      condition.message,
      `Container c for pod default/${pod!.metadata.name} failed with exit code 42 matching FailJob rule at index 0`,
    );
  });

  test("Ignore does not count for the limit, Count does", async () => {
    await using world = await createJobWorld();
    await world.create({ backoffLimit: 0, podFailurePolicy: onExitCode("Ignore") });
    await failWith(world, world.live()[0]!, 42);
    assert.equal(world.conditions(), "");
    assert.equal(world.job().status?.failed, undefined);
    await world.w.settle(11_000);
    assert.equal(world.live().length, 1);
    await failWith(world, world.live()[0]!, 1);
    assert.equal(world.job().status?.conditions?.[0]?.reason, "BackoffLimitExceeded");
  });

  test("Ignore of DisruptionTarget lets evicted Pods be made again", async () => {
    await using world = await createJobWorld();
    const onPodConditions = [{ type: "DisruptionTarget", status: "True" }];
    await world.create({ backoffLimit: 0, podFailurePolicy: { rules: [{ action: "Ignore", onPodConditions }] } });
    world.w.client.edit(PODS, { namespace: "default", name: world.live()[0]!.metadata.name! }, (draft) => {
      draft.status = { phase: "Failed", conditions: [{ type: "DisruptionTarget", status: "True" }] };
    });
    await world.w.settle(12_000);
    assert.equal(world.live().length, 1);
    assert.equal(world.conditions(), "");
  });

  test("FailIndex ends the index at once", async () => {
    await using world = await createJobWorld();
    await world.create({
      completionMode: "Indexed",
      completions: 2,
      parallelism: 2,
      backoffLimit: 2 ** 31 - 1,
      backoffLimitPerIndex: 3,
      podFailurePolicy: onExitCode("FailIndex"),
    });
    await failWith(world, world.live()[0]!, 42);
    assert.equal(world.job().status?.failedIndexes, "0");
    await world.w.settle(60_000);
    assert.deepEqual(world.live().map(indexOf), [1]);
  });
});
