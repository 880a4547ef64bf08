import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { CronJob, Job } from "#objects";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";

const EXAMPLE = readFileSync(join(import.meta.dirname, "../examples/cron-job.yaml"), "utf8");

/** A CronJob that is due each second: one Job a minute can have a name by it. */
const manifest = (name: string, spec: object, command: readonly string[]) =>
  JSON.stringify({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name },
    spec: {
      schedule: "@every 1s",
      jobTemplate: {
        spec: {
          template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "busybox", command }] } },
        },
      },
      ...spec,
    },
  });

const jobsOf = async (kubectl: Kubectl, owner: string): Promise<readonly Job[]> => {
  const { items } = await kubectl.json<{ items: Job[] }>("jobs");
  return items.filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === owner));
};
const told = (kubectl: Kubectl, name: string, text: RegExp) =>
  eventually(`an Event of ${name}: ${text.source}`, async () => text.test(await kubectl("describe", "cronjob", name)));

describe("CronJobs start Jobs when their time comes (O3)", { concurrency: 4 }, () => {
  let cluster: ClusterUnderTest;
  before(async () => {
    cluster = await startUnderTest();
  });
  after(async () => cluster?.[Symbol.asyncDispose]());

  it("the example: Jobs by schedule and by hand, with upstream's names and Events", async () => {
    const kubectl = await cluster.inNamespace("report");
    const said = await kubectl.try(["apply", "-f", "-"], { input: EXAMPLE });
    assert.equal(said.code, 0, said.stderr);
    assert.equal(said.stderr, "", "nothing in it is not acted on");
    await kubectl("create", "job", "--from=cronjob/report", "now");
    await kubectl("wait", "job/now", "--for=condition=Complete", "--timeout=120s");
    assert.equal(await kubectl("logs", "job/now"), "collecting\ndone\n");
    await told(kubectl, "report", /UnexpectedJob +.*Saw a job that the controller did not create or forgot: now/);
    // Sooner than in five minutes, and on any day.
    await kubectl("patch", "cronjob", "report", "-p", '{"spec":{"schedule":"@every 1s"}}');
    const [job] = await eventually("a Job by schedule", async () => {
      const made = (await jobsOf(kubectl, "report")).filter(({ metadata }) => metadata.name !== "now");
      return made.length > 0 && made;
    });
    const at = job!.metadata.annotations!["batch.kubernetes.io/cronjob-scheduled-timestamp"]!;
    assert.equal(job!.metadata.name, `report-${Math.floor(Date.parse(at) / 60_000)}`);
    assert.match(at, /\+0[12]:00$/, "in the zone of the CronJob");
    await kubectl("wait", `job/${job!.metadata.name}`, "--for=condition=Complete", "--timeout=120s");
    await told(kubectl, "report", /SuccessfulCreate +.*Created job report-\d+/);
    await told(kubectl, "report", /SawCompletedJob +.*Saw completed job: report-\d+, condition: Complete/);
    assert.match(await kubectl("get", "cronjob", "report"), /report +@every 1s +Europe\/Berlin +False +\d +\d+s +\d+s/);
    const { status } = await kubectl.json<CronJob>("cronjob", "report");
    assert.ok(Date.parse(status!.lastSuccessfulTime!) > 0);
  });

  it("one that is suspended starts nothing until it is resumed", async () => {
    const kubectl = await cluster.inNamespace("suspended");
    await kubectl.apply(manifest("quiet", { suspend: true }, ["true"]));
    await kubectl.apply(manifest("beside", {}, ["true"]));
    await eventually("a Job of the other", async () => (await jobsOf(kubectl, "beside")).length > 0);
    assert.deepEqual(await jobsOf(kubectl, "quiet"), []);
    await kubectl("patch", "cronjob", "quiet", "-p", '{"spec":{"suspend":false}}');
    await eventually("a Job when resumed", async () => (await jobsOf(kubectl, "quiet")).length === 1);
  });

  it("a Job that is deleted while it runs is missed, and makes room for the next one", async () => {
    const kubectl = await cluster.inNamespace("forbid");
    await kubectl.apply(manifest("one", { concurrencyPolicy: "Forbid" }, ["sleep", "600"]));
    await told(kubectl, "one", /Active Jobs: +one-\d+/);
    const [first] = await jobsOf(kubectl, "one");
    await kubectl("delete", "job", first!.metadata.name!);
    await eventually("another one", async () => {
      const [next] = await jobsOf(kubectl, "one");
      return next !== undefined && next.metadata.uid !== first!.metadata.uid;
    });
    await told(kubectl, "one", /MissingJob +.*Active job went missing: one-\d+/);
  });

  it("the status can be read, patched and replaced", async () => {
    const kubectl = await cluster.inNamespace("api");
    await kubectl.apply(manifest("plain", { suspend: true }, ["true"]));
    const time = "2026-01-01T00:00:00Z";
    await kubectl(
      "patch",
      "cronjob",
      "plain",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status: { lastScheduleTime: time } }),
    );
    assert.equal(
      await kubectl("get", "cronjob", "plain", "--subresource=status", "-o=jsonpath={.status.lastScheduleTime}"),
      time,
    );
    await kubectl("delete", "cronjobs", "--all");
    assert.equal((await kubectl.json<{ items: CronJob[] }>("cronjobs")).items.length, 0);
  });

  it("a finished Job goes, with its Pods, when its time after the end is over", async () => {
    const kubectl = await cluster.inNamespace("ttl");
    const template = {
      spec: { restartPolicy: "Never", containers: [{ name: "c", image: "busybox", command: ["true"] }] },
    };
    await kubectl.apply(
      JSON.stringify({
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "brief" },
        spec: { ttlSecondsAfterFinished: 1, template },
      }),
    );
    await eventually("the Job to be gone", async () => (await kubectl("get", "jobs,pods", "-o=name")).trim() === "");
  });
});
