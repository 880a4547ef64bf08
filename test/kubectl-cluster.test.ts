import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { realClients } from "../scripts/clients.ts";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";
import { deployment, pod } from "./support/manifests.ts";

describe("kubectl administers the cluster (F2, F5)", { concurrency: 2 }, () => {
  let cluster: ClusterUnderTest;
  let kubectl: Kubectl;
  before(async () => {
    cluster = await startUnderTest();
    kubectl = await cluster.inNamespace("running");
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  it("cordons, drains and uncordons a node, which a disruption budget can hold up", async () => {
    await kubectl.apply(deployment("moving", { replicas: 3 }));
    await kubectl("rollout", "status", "deployment/moving", "--timeout=120s");
    assert.equal(await kubectl("cordon", "knarr-1"), "node/knarr-1 cordoned\n");
    assert.match(await kubectl("get", "node", "knarr-1"), /Ready,SchedulingDisabled/);
    const on = async (node: string) =>
      (await kubectl("get", "pods", "-l", "app=moving", `--field-selector=spec.nodeName=${node}`, "-o", "name")).trim();
    assert.notEqual(await on("knarr-1"), "");
    await kubectl.apply(pod("bare", {}).replace("spec: {", "spec: {nodeName: knarr-1, "));
    await kubectl("wait", "pod/bare", "--for=condition=Ready", "--timeout=120s");
    const refused = await kubectl.try(["drain", "knarr-1", "--timeout=120s"]);
    assert.match(
      refused.stderr,
      /cannot delete (cannot delete )?Pods that declare no controller \(use --force to override\): running\/bare/,
    );
    const drained = await kubectl.try(["drain", "knarr-1", "--force", "--ignore-daemonsets", "--timeout=120s"]);
    assert.match(drained.stdout, /node\/knarr-1 drained/, drained.stderr);
    assert.equal(await on("knarr-1"), "");
    await kubectl("rollout", "status", "deployment/moving", "--timeout=120s");

    await kubectl("create", "poddisruptionbudget", "still", "--selector=app=moving", "--min-available=3");
    await kubectl("wait", "pdb/still", "--for=jsonpath={.status.expectedPods}=3", "--timeout=120s");
    const held = await kubectl.try(["drain", "knarr-2", "--timeout=2s"]);
    assert.match(held.stderr, /Cannot evict pod as it would violate the pod's disruption budget/);
    await kubectl("uncordon", "knarr-1", "knarr-2");
    assert.doesNotMatch(await kubectl("get", "nodes"), /SchedulingDisabled/);
  });

  it("taints a node, which keeps Pods away or sends them away", async () => {
    await kubectl.apply(
      pod("tainted", {}).replace("spec: {", "spec: {nodeSelector: {kubernetes.io/hostname: knarr-3}, "),
    );
    await kubectl("wait", "pod/tainted", "--for=condition=Ready", "--timeout=120s");
    assert.equal(await kubectl("taint", "node", "knarr-3", "only=me:NoExecute"), "node/knarr-3 tainted\n");
    await kubectl("wait", "pod/tainted", "--for=delete", "--timeout=120s");
    await kubectl.apply(
      pod("kept-out", {}).replace("spec: {", "spec: {nodeSelector: {kubernetes.io/hostname: knarr-3}, "),
    );
    await eventually("the scheduler's verdict", async () =>
      /untolerated taint/.test(
        await kubectl("get", "pod", "kept-out", '-o=jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}'),
      ),
    );
    const message = await kubectl(
      "get",
      "pod",
      "kept-out",
      '-o=jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}',
    );
    assert.match(message, /^0\/3 nodes are available: .*1 node\(s\) had untolerated taint\(s\)/);
    assert.equal(await kubectl("taint", "node", "knarr-3", "only-"), "node/knarr-3 untainted\n");
    await kubectl("wait", "pod/kept-out", "--for=condition=Ready", "--timeout=120s");
  });

  it("tells about the cluster and the versions", async () => {
    assert.match(
      await kubectl("cluster-info"),
      /Kubernetes control plane.* is running at .*https:\/\/127\.0\.0\.1:\d+/,
    );
    const dump = join(cluster.dir, "dump");
    await kubectl("cluster-info", "dump", `--output-directory=${dump}`, "--namespaces=running");
    assert.ok((await readdir(join(dump, "running"))).includes("deployments.json"));
    const version = JSON.parse(await kubectl("version", "-o", "json")) as Record<
      string,
      { gitVersion: string; major: string; minor: string }
    >;
    assert.match(version["serverVersion"]!.gitVersion, /^v1\.36\.\d+/);
    assert.deepEqual([version["serverVersion"]!.major, version["serverVersion"]!.minor], ["1", "36"]);
    assert.match(await kubectl("config", "view", "--minify"), /current-context: knarr/);
    assert.equal(await kubectl("config", "current-context"), "knarr\n");
    assert.match(await kubectl("get", "componentstatuses").catch(() => "NAME"), /NAME/);
  });

  it("says who one is and what one may do", async () => {
    assert.match(await kubectl("auth", "whoami"), /Username +kubernetes-admin\n/);
    assert.equal(await kubectl("auth", "can-i", "create", "deployments"), "yes\n");
    assert.match(await kubectl("auth", "can-i", "--list"), /\*\.\* +\[\] +\[\] +\[\*\]/);
    const nobody = await kubectl.try(["get", "pods", "--as=nobody"]);
    assert.equal(
      nobody.stderr,
      'Error from server (Forbidden): pods is forbidden: User "nobody" cannot list resource "pods" in API group "" in the namespace "running"\n',
    );
    const no = await kubectl.try(["auth", "can-i", "list", "pods", "--as=nobody"]);
    assert.deepEqual([no.code, no.stdout], [1, "no\n"]);
    const anonymous = await kubectl.try([
      "get",
      "pods",
      "--kubeconfig=/dev/null",
      `--server=${await kubectl("config", "view", "-o=jsonpath={.clusters[0].cluster.server}")}`,
      "--insecure-skip-tls-verify",
      "--token=wrong",
    ]);
    assert.match(anonymous.stderr, /Unauthorized|must be logged in to the server/);
  });

  it("serves the API through kubectl proxy", async () => {
    const child = spawn(realClients().kubectl, ["proxy", "--port=0"], {
      env: cluster.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    const address = /127\.0\.0\.1:\d+/.exec(line)![0];
    const answer = await fetch(`http://${address}/api/v1/namespaces/running`);
    assert.equal(((await answer.json()) as { kind: string }).kind, "Namespace");
    child.kill();
    await once(child, "exit");
  });
});
