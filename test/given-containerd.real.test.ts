import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base";
import { openCri, type Cri } from "#kubelet/containerd";
import { ociArchive } from "./support/images/archives.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { createTestNamespace, type TestNamespace } from "./support/network-namespace.ts";
import { NETWORK_PLUGINS, startContainerd } from "./support/private-containerd.ts";
import { eventually, KNARR, startUnderTest } from "./support/cluster-under-test.ts";
import { run } from "./support/run.ts";

const skip = await skipUnlessReal();
const PAUSE = "docker.io/test/pause:1";

const STATIC_POD = {
  apiVersion: "v1",
  kind: "Pod",
  spec: { containers: [{ name: "main", image: "team/app:1", imagePullPolicy: "Never" }] },
};

/** A sandbox that another kubelet has made. */
async function foreignSandbox(cri: Cri): Promise<string> {
  const uid = "11111111-2222-4333-8444-555555555555";
  const { podSandboxId } = await cri.call("RuntimeService.RunPodSandbox", {
    config: {
      metadata: { name: "theirs", namespace: "default", uid, attempt: 0 },
      logDirectory: "",
      labels: { "io.kubernetes.pod.uid": uid, "io.kubernetes.pod.name": "theirs" },
      linux: { cgroupParent: `/knarr-test-${process.pid}` },
    },
  });
  return podSandboxId;
}

const sandboxesOn = async (cri: Cri) =>
  (await cri.call("RuntimeService.ListPodSandbox", {})).items.map(({ id, metadata, state }) => ({
    id,
    name: metadata?.name,
    state,
  }));

/** What `knarr up` prints on a containerd that it cannot use. */
async function refused(namespace: TestNamespace, socket: string): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "knarr-given-"));
  try {
    const env = { ...process.env, HOME: dir, KUBECONFIG: join(dir, "kubeconfig") };
    const args = ["up", "--data-dir", join(dir, "data"), "--port", "0", "--containerd-socket", socket];
    const { code, stderr } = await namespace.run(KNARR, args, { env });
    assert.equal(code, 1, stderr);
    return stderr.trim();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("a containerd that cannot be used is refused with one line that says why", { skip }, async () => {
  await using namespace = await createTestNamespace();
  await run(KNARR, ["version"]);
  assert.equal(
    await refused(namespace, "/nowhere/containerd.sock"),
    "knarr: there is no containerd at /nowhere/containerd.sock: no such socket",
  );
  {
    await using containerd = await startContainerd(namespace);
    assert.match(
      await refused(namespace, containerd.socket),
      /^knarr: the containerd at \S+ has no CRI v1: .*disabled_plugins[^\n]*$/,
    );
  }
  await using containerd = await startContainerd(namespace, { sandboxImage: PAUSE, network: [] });
  assert.match(
    await refused(namespace, containerd.socket),
    /^knarr: the containerd at \S+ has no network for pods [^\n]*$/,
  );
});

test("pods run on a containerd that is given, and what others run there is left alone", { skip }, async () => {
  await using namespace = await createTestNamespace();
  await using containerd = await startContainerd(namespace, { sandboxImage: PAUSE, network: NETWORK_PLUGINS });
  const { socket } = containerd;
  const pause = join(containerd.dir, "pause.tar");
  const app = join(containerd.dir, "app.tar");
  writeFileSync(pause, await ociArchive("pause:3.10", PAUSE));
  writeFileSync(app, await ociArchive("test/server:1", "docker.io/team/app:1"));
  const native = ["--address", socket, "--namespace", "k8s.io", "images", "import", "--snapshotter", "native"];
  await namespace.must("ctr", [...native, pause]);
  const cri = await openCri(socket, systemClock);
  const foreign = await foreignSandbox(cri);
  const onlyForeign = [{ id: foreign, name: "theirs", state: "SANDBOX_READY" }];
  const dir = mkdtempSync(join(tmpdir(), "knarr-given-"));
  try {
    const real = { namespace, containerdSocket: socket };
    const manifests = join(dir, "pods");
    mkdirSync(manifests);
    const args = ["--node-name", "node-a", "--static-pods", manifests, "--load-balancer-address", "203.0.113.7"];
    const cluster = await startUnderTest({ real, dir, args });
    const knarr = (...args: string[]) =>
      namespace.run(KNARR, [...args, "--data-dir", cluster.dataDir], { env: cluster.env });
    await namespace.must("ctr", [...native, app]);
    assert.match((await knarr("image", "ls")).stdout, /^docker\.io\/team\/app:1 /m);
    await cluster.kubectl("run", "ours", "--image=team/app:1", "--image-pull-policy=Never");
    await cluster.kubectl("wait", "pod/ours", "--for=condition=Ready", "--timeout=120s");
    const uid = await cluster.kubectl(
      "get",
      "pod",
      "ours",
      "-o",
      "jsonpath={.status.containerStatuses[0].containerID}",
    );
    writeFileSync(join(manifests, "edge.json"), JSON.stringify({ ...STATIC_POD, metadata: { name: "edge" } }));
    await eventually("the static pod", async () => {
      const phase = await cluster.kubectl("get", "pod", "edge-node-a", "-o", "jsonpath={.status.phase}");
      return phase === "Running";
    });
    await cluster.kubectl("expose", "pod", "ours", "--type=LoadBalancer", "--port=80");
    await eventually("the balancer's address", async () => {
      const [ip, path] = ["203.0.113.7", "{.status.loadBalancer.ingress[0].ip}"];
      return (await cluster.kubectl("get", "service", "ours", "-o", `jsonpath=${path}`)) === ip;
    });
    assert.equal((await sandboxesOn(cri)).length, 3);

    const status = (await knarr("status")).stdout;
    assert.match(status, /^runtime +containerd \d+\.\d+\.\d+$/m);
    assert.match(status, /^pods +2 running$/m);
    const stopped = await knarr("down");
    assert.match(stopped.stdout, /^its 2 Pods go on running; end them with: knarr down --purge --data-dir \S+$/m);
    assert.match((await knarr("down")).stdout, /^no cluster is running in \S+\nPods of it may still run; /);
    const elsewhere = await namespace.run(
      KNARR,
      ["up", "--data-dir", cluster.dataDir, "--containerd-socket", join(dir, "another.sock")],
      { env: cluster.env },
    );
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.stderr, /this cluster's containers run on the containerd at/);

    const again = await startUnderTest({ real, dir, args });
    const running = await eventually("the pod is adopted", async () => {
      const found = await again.kubectl("get", "pod", "ours", "-o", "jsonpath={.status.containerStatuses[0]}");
      return found.includes('"running"') && found;
    });
    assert.ok(running.includes(uid) && running.includes('"restartCount":0'), running);
    await again.stop();
    const purged = await knarr("down", "--purge");
    assert.equal(purged.code, 0, purged.stderr);
    assert.deepEqual(await sandboxesOn(cri), onlyForeign);
    assert.ok((await containerd.ctr("version")).includes("Server:"), "it still answers");
  } finally {
    await cri.call("RuntimeService.StopPodSandbox", { podSandboxId: foreign });
    await cri.call("RuntimeService.RemovePodSandbox", { podSandboxId: foreign });
    cri.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
