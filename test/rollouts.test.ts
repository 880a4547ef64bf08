import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Deployment, Pod, ReplicaSet } from "#objects";
import { realClients } from "../scripts/clients.ts";
import { measure } from "./support/rollout/measure.ts";
import { here } from "./support/rollout/site.ts";
import { controllerOf, isRolledOut, phaseOf, versionsOf } from "./support/rollout/versions.ts";
import { watchCluster, type LiveCluster } from "./support/rollout/live-cluster.ts";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";
import { deployment } from "./support/manifests.ts";

const PATIENCE_MS = 120_000;

describe("Deployments live their lives (S12, S15 to S27)", { concurrency: 3 }, () => {
  let cluster: ClusterUnderTest;
  let kubectl: Kubectl;
  let live: LiveCluster;
  const watching = new AbortController();
  before(async () => {
    cluster = await startUnderTest();
    kubectl = cluster.kubectl;
    const programs = new Map([["kubectl", [realClients().kubectl] as const]]);
    live = watchCluster({ site: { env: cluster.env, programs, commandLine: here }, signal: watching.signal });
  });
  after(async () => {
    watching.abort();
    await cluster?.[Symbol.asyncDispose]();
  });

  const until = async (what: string, condition: () => boolean) =>
    assert.ok(await live.until(condition, PATIENCE_MS), what);
  const runs = (name: string, image: string, replicas: number) =>
    isRolledOut(live, name) &&
    versionsOf(live, name).some((version) => version.image === image && version.desired === replicas);
  /** Of its versions, oldest first, what each is to have: `0 5`. */
  const sizesOf = (name: string) =>
    versionsOf(live, name)
      .map(({ desired }) => desired)
      .join(" ");
  const start = async (name: string, options: Parameters<typeof deployment>[1] = {}) => {
    await kubectl.apply(deployment(name, options));
    await until(`${name} rolled out`, () => runs(name, options.image ?? "nginx:1.29", options.replicas ?? 3));
  };
  const get = (name: string) => kubectl.json<Deployment>("deployment", name);
  const readiness = { "simulated.knarr.dev/fail": "never-ready" };

  it("S12, S26: names, owners and the hash label", async () => {
    await start("test");
    const [set] = (await kubectl.json<{ items: ReplicaSet[] }>("replicasets", "-l", "app=test")).items;
    const { items: pods } = await kubectl.json<{ items: Pod[] }>("pods", "-l", "app=test");
    const hash = set!.metadata.labels!["pod-template-hash"]!;
    assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{8,10}$/);
    assert.equal(set!.metadata.name, `test-${hash}`);
    assert.equal(set!.spec!.selector.matchLabels!["pod-template-hash"], hash);
    assert.equal(pods.length, 3);
    for (const pod of pods) {
      assert.match(pod.metadata.name!, new RegExp(`^test-${hash}-[bcdfghjklmnpqrstvwxz2456789]{5}$`));
      assert.equal(pod.metadata.labels!["pod-template-hash"], hash);
      const [owner] = pod.metadata.ownerReferences!;
      assert.deepEqual(
        [owner!.kind, owner!.uid, owner!.controller, owner!.blockOwnerDeletion],
        ["ReplicaSet", set!.metadata.uid, true, true],
      );
    }
  });

  it("S15: the number of Pods is kept, by label", async () => {
    await start("kept");
    const [first, second] = versionsOf(live, "kept")[0]!.pods;
    await kubectl("delete", "pod", first!.name);
    await until("a new Pod instead", () => !live.pods.has(first!.name) && runs("kept", "nginx:1.29", 3));
    // A Pod that loses the label is let go, and another one is made instead.
    await kubectl("label", "pod", second!.name, "app=other", "--overwrite");
    await until("another Pod instead of the one let go", () => {
      const mine = versionsOf(live, "kept")[0]!.pods;
      return (
        mine.length === 3 &&
        !mine.some(({ name }) => name === second!.name) &&
        mine.every(({ phase }) => phase === "ready")
      );
    });
    assert.equal(live.pods.get(second!.name)?.metadata.ownerReferences, undefined);
    // A Pod that gets it back is one too many.
    await kubectl("label", "pod", second!.name, "app=kept", "--overwrite");
    await until(
      "three again",
      () => [...live.pods.values()].filter((pod) => pod.metadata.labels?.["app"] === "kept").length === 3,
    );
    await kubectl("rollout", "status", "deployment/kept", "--timeout=120s");
  });

  it("S17: get shows replicas, and with -o wide the containers, images and selector", async () => {
    await start("figures", { replicas: 2 });
    assert.match(
      await kubectl("get", "deployment", "figures"),
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nfigures +2\/2 +2 +2 +(\d+m)?(\d+s)?\n$/,
    );
    assert.match(await kubectl("get", "deployment", "figures", "-o", "wide"), /web +nginx:1.29 +app=figures\n$/);
  });

  it("S18, S19, S25: revisions have their change causes, and a rollback goes to the chosen one", async () => {
    await start("back");
    await kubectl("annotate", "deployment/back", "kubernetes.io/change-cause=first");
    // The controller notes it at the version; it would not do so after the next change.
    await until("the cause is noted", () =>
      [...live.replicaSets.values()].some(
        (set) => controllerOf(set) === "back" && set.metadata.annotations?.["kubernetes.io/change-cause"] === "first",
      ),
    );
    for (const image of ["httpd:2.4", "caddy:2"]) {
      await kubectl("set", "image", "deployment/back", `web=${image}`, "--record");
      await until(`${image} rolled out`, () => runs("back", image, 3));
    }
    const history = await kubectl("rollout", "history", "deployment/back");
    assert.match(
      history,
      /\n1 +first\n2 +kubectl set image deployment\/back web=httpd:2.4 --record=true\n3 +kubectl set image deployment\/back web=caddy:2 --record=true\n/,
    );
    assert.match(await kubectl("rollout", "history", "deployment/back", "--revision=2"), /Image:\s+httpd:2.4/);
    assert.deepEqual(
      versionsOf(live, "back").map(({ revision, image }) => [revision, image]),
      [
        [1, "nginx:1.29"],
        [2, "httpd:2.4"],
        [3, "caddy:2"],
      ],
    );
    const sets = versionsOf(live, "back").map(({ name }) => name);

    await kubectl("rollout", "undo", "deployment/back", "--to-revision=1");
    await until("nginx is back", () => runs("back", "nginx:1.29", 3));
    const now = versionsOf(live, "back");
    assert.deepEqual(
      now.map(({ revision }) => revision),
      [2, 3, 4],
    );
    assert.equal(now[2]!.name, sets[0]);
    assert.equal((await get("back")).metadata.annotations!["kubernetes.io/change-cause"], "first");
    await kubectl("rollout", "undo", "deployment/back");
    await until("the one before", () => runs("back", "caddy:2", 3));
  });

  it("S18: no more old versions are kept than revisionHistoryLimit says", async () => {
    await start("short", { replicas: 1, spec: ["revisionHistoryLimit: 1"] });
    for (const image of ["a:1", "b:1", "c:1"]) {
      await kubectl("set", "image", "deployment/short", `web=${image}`);
      await until(`${image} rolled out`, () => runs("short", image, 1));
    }
    await until("two ReplicaSets are left", () => versionsOf(live, "short").length === 2);
    assert.deepEqual(
      versionsOf(live, "short").map(({ image }) => image),
      ["b:1", "c:1"],
    );
  });

  it("S20, S21, S24: a rolling update stays within its limits all the time", async () => {
    await start("steady", { replicas: 8 });
    const measurement = measure(live, "steady");
    await kubectl.apply(deployment("steady", { replicas: 8, image: "httpd:2.4" }));
    await until("httpd rolled out", () => runs("steady", "httpd:2.4", 8));
    const { fewestReady, mostPods, mixed } = measurement.stop();
    // 25 % of 8, rounded down for unavailable and up for surge.
    assert.ok(fewestReady >= 6, `${fewestReady} ready`);
    assert.ok(mostPods <= 10, `${mostPods} Pods`);
    assert.ok(mixed);
  });

  it("S22: larger limits of a rolling update mean fewer steps", async () => {
    const rollingUpdate = (step: number) => [`strategy: {rollingUpdate: {maxSurge: ${step}, maxUnavailable: ${step}}}`];
    await Promise.all([
      start("small", { replicas: 6, spec: rollingUpdate(1) }),
      start("large", { replicas: 6, spec: rollingUpdate(3) }),
    ]);
    const [small, large] = [measure(live, "small"), measure(live, "large")];
    await kubectl("set", "image", "deployment/small", "deployment/large", "web=httpd:2.4");
    await until("both rolled out", () => runs("small", "httpd:2.4", 6) && runs("large", "httpd:2.4", 6));
    assert.ok(large.stop().resizes < small.stop().resizes, `${large.now.resizes} against ${small.now.resizes}`);
    assert.ok(small.now.fewestReady >= 5 && small.now.mostPods <= 7);
    assert.ok(large.now.fewestReady >= 3 && large.now.mostPods <= 9);
  });

  it("S23: Recreate ends all old Pods first", async () => {
    await start("alone", { spec: ["strategy: {type: Recreate}"] });
    const measurement = measure(live, "alone");
    await kubectl("set", "image", "deployment/alone", "web=httpd:2.4");
    await until("httpd rolled out", () => runs("alone", "httpd:2.4", 3));
    const { fewestReady, mixed } = measurement.stop();
    assert.deepEqual([fewestReady, mixed], [0, false]);
  });

  it("S24: a version that never becomes ready stops at its deadline, and the old one serves on", async () => {
    await start("stuck", { replicas: 4, spec: ["progressDeadlineSeconds: 2"] });
    const measurement = measure(live, "stuck");
    await kubectl.apply(
      deployment("stuck", {
        replicas: 4,
        image: "httpd:2.4",
        annotations: readiness,
        spec: ["progressDeadlineSeconds: 2"],
      }),
    );
    await kubectl(
      "wait",
      "deployment/stuck",
      '--for=jsonpath={.status.conditions[?(@.type=="Progressing")].reason}=ProgressDeadlineExceeded',
      "--timeout=120s",
    );
    const status = await kubectl.try(["rollout", "status", "deployment/stuck"]);
    assert.deepEqual([status.code, status.stderr], [1, 'error: deployment "stuck" exceeded its progress deadline\n']);
    assert.ok(measurement.stop().fewestReady >= 3);
    const { conditions } = (await get("stuck")).status!;
    const progressing = conditions!.find(({ type }) => type === "Progressing")!;
    assert.equal(progressing.status, "False");
    assert.match(progressing.message!, /^ReplicaSet "stuck-[a-z0-9]+" has timed out progressing\.$/);
    assert.equal(conditions!.find(({ type }) => type === "Available")!.status, "True");
    // Scaled meanwhile, both versions share the change.
    await kubectl("scale", "deployment/stuck", "--replicas=8");
    await until("both grew", () => {
      const [old, young] = versionsOf(live, "stuck");
      return old!.desired > 3 && young!.desired > 2;
    });
    await kubectl("rollout", "undo", "deployment/stuck");
    await until("nginx is back", () => runs("stuck", "nginx:1.29", 8));
  });

  it("S24: an image that cannot be pulled is retried with back-off", async () => {
    await kubectl.apply(deployment("unpullable", { replicas: 1, image: "registry.example/does-not-exist:1" }));
    await until("it backs off", () => {
      const [pod] = versionsOf(live, "unpullable")[0]?.pods ?? [];
      const status = live.pods.get(pod?.name ?? "")?.status?.containerStatuses?.[0];
      return status?.state?.waiting?.reason === "ImagePullBackOff" && pod?.phase === "failing";
    });
    const name = versionsOf(live, "unpullable")[0]!.pods[0]!.name;
    assert.match(await kubectl("get", "pod", name), /0\/1 +(ImagePullBackOff|ErrImagePull)/);
    assert.match(await kubectl("describe", "pod", name), /Failed to pull image "registry.example\/does-not-exist:1": /);
  });

  it("rolls over: a third version replaces the second in the middle of its rollout", async () => {
    await start("over", { replicas: 4 });
    await kubectl.apply(deployment("over", { replicas: 4, image: "httpd:2.4", annotations: readiness }));
    await until("the second version has Pods", () =>
      versionsOf(live, "over").some(({ image, pods }) => image === "httpd:2.4" && pods.length > 0),
    );
    await kubectl.apply(deployment("over", { replicas: 4, image: "caddy:2" }));
    await until("the third rolled out", () => runs("over", "caddy:2", 4));
    await until("no other has Pods", () => sizesOf("over") === "0 0 4");
  });

  it("waits minReadySeconds before a Pod counts as available", async () => {
    // Long enough to be seen on a machine that is busy.
    await kubectl.apply(deployment("patient", { replicas: 1, spec: ["minReadySeconds: 5"] }));
    await until("ready, not yet available", () => {
      const { readyReplicas = 0, availableReplicas = 0 } = live.deployments.get("patient")?.status ?? {};
      return readyReplicas === 1 && availableReplicas === 0;
    });
    await until("available", () => live.deployments.get("patient")?.status?.availableReplicas === 1);
  });

  it("S26: scaling touches the running version only", async () => {
    await start("sized", { replicas: 2 });
    await kubectl("set", "image", "deployment/sized", "web=httpd:2.4");
    await until("httpd rolled out", () => runs("sized", "httpd:2.4", 2));
    const revision = (await get("sized")).metadata.annotations!["deployment.kubernetes.io/revision"];
    await kubectl("scale", "deployment/sized", "--replicas=5");
    await until("five", () => runs("sized", "httpd:2.4", 5));
    await until("the other stays empty", () => sizesOf("sized") === "0 5");
    assert.equal((await get("sized")).metadata.annotations!["deployment.kubernetes.io/revision"], revision);
    // Pods that never became ready go before those that serve.
    await kubectl("scale", "deployment/sized", "--replicas=1");
    await until("one", () => runs("sized", "httpd:2.4", 1));
    assert.equal(
      [...live.pods.values()].filter((pod) => pod.metadata.labels?.["app"] === "sized" && phaseOf(pod) === "ready")
        .length,
      1,
    );
  });

  it("S27: describe tells it all", async () => {
    await start("told", { replicas: 2 });
    // Events come by themselves.
    const text = await eventually("the Event", async () => {
      const described = await kubectl("describe", "deployment", "told");
      return described.includes("ScalingReplicaSet") && described;
    });
    for (const part of [
      /^Namespace:\s+default$/m,
      /^Selector:\s+app=told$/m,
      /^Replicas:\s+2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m,
      /^StrategyType:\s+RollingUpdate$/m,
      /^MinReadySeconds:\s+0$/m,
      /^RollingUpdateStrategy:\s+25% max unavailable, 25% max surge$/m,
      /^ +Image:\s+nginx:1.29$/m,
      /Available\s+True\s+MinimumReplicasAvailable/,
      /Progressing\s+True\s+NewReplicaSetAvailable/,
      /^OldReplicaSets:\s+<none>$/m,
      /^NewReplicaSet:\s+told-\S+ \(2\/2 replicas created\)$/m,
      /Normal +ScalingReplicaSet .* deployment-controller +Scaled up replica set told-\S+ from 0 to 2/,
    ])
      assert.match(text, part);
  });
});
