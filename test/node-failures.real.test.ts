import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { containerStatuses, isPodReady, type Pod } from "#objects";
import { must } from "./support/commands.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { createTestNamespace } from "./support/network-namespace.ts";
import { startRestartable, type RestartableCluster } from "./support/real-cluster.ts";
import { daemonOf, descendantsOf, kill, processOf, shimsOf } from "./support/real-processes.ts";
import { get } from "./support/requests.ts";
import { eventually, KNARR, type Kubectl } from "./support/cluster-under-test.ts";
import { eventsOf } from "./support/pods.ts";
import { watching } from "./support/watching.ts";

const skip = await skipUnlessReal();

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 2
      initContainers: [{ name: init, image: "busybox:1.36", command: ["true"] }]
      containers:
        - name: main
          image: test/server:1
          readinessProbe: { httpGet: { path: /readyz, port: 8080 }, periodSeconds: 1 }
          volumeMounts: [{ name: memory, mountPath: /memory }]
      volumes: [{ name: memory, emptyDir: { medium: Memory } }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;

const NEVER = (name: string, script: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: "busybox:1.36", command: [sh, -c, ${JSON.stringify(script)}] }]
`;

const runs = (list: readonly Pod[]) =>
  list
    .flatMap((pod) => containerStatuses(pod).map((status) => `${status.containerID} ${status.restartCount}`))
    .toSorted();

async function untilEvent(kubectl: Kubectl, name: string, wanted: RegExp): Promise<void> {
  await eventually(`the Event ${wanted} about ${name}`, async () => {
    const found = await eventsOf(kubectl, name);
    assert.ok(
      found.some((line) => wanted.test(line)),
      found.join("\n"),
    );
    return true;
  });
}

describe("a node that fails, and is there again", { skip, timeout: 900_000 }, () => {
  let real: RestartableCluster;
  let kubectl: Kubectl;

  before(async () => {
    real = await startRestartable();
    kubectl = await real.current.inNamespace("failures");
    await kubectl.apply(WEB);
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  });
  after(async () => {
    assert.deepEqual(await real?.end(), []);
  });

  const pods = async () => (await kubectl.json<{ items: Pod[] }>("pods", "--selector=app=web")).items;
  const pod = (name: string) => kubectl.json<Pod>("pod", name);
  const serviceUrl = async (path: string) => {
    const { spec } = await kubectl.json<{ spec: { clusterIP: string } }>("service", "web");
    return `http://${spec.clusterIP}${path}`;
  };

  test("containers and Services go on while Knarr is down; nothing is restarted, and what ended is noticed", async () => {
    const url = await serviceUrl("/hostname");
    const fifo = "mkfifo /tmp/f; echo hello; read x < /tmp/f; exit 3";
    await kubectl.apply(NEVER("ends", fifo));
    await kubectl("wait", "--for=condition=Ready", "pod/ends", "--timeout=120s");
    const before = await pods();
    const ends = containerStatuses(await pod("ends"))[0]?.containerID ?? "";
    const root = `/proc/${processOf(real.dataDir, ends)}/root`;

    const { code } = await real.knarr("down");
    assert.equal(code, 0);
    assert.match(await get(real.namespace, url), /^web-/);
    await writeFile(`${root}/tmp/f`, "x\n");
    await eventually("the container to end", () => Promise.resolve(processOf(real.dataDir, ends) === undefined));
    await real.start();

    const ended = await eventually("the end to be noticed", async () => {
      const found = await pod("ends");
      return found.status?.phase === "Failed" && found;
    });
    assert.equal(containerStatuses(ended)[0]?.state?.terminated?.exitCode, 3);
    assert.match(await kubectl("logs", "ends"), /hello/);
    assert.deepEqual(runs(await pods()), runs(before));
    assert.match(await get(real.namespace, url), /^web-/);

    const [one] = await pods();
    const name = one?.metadata.name ?? "";
    assert.match(await kubectl("exec", name, "-c", "main", "--", "/bin/cat", "/etc/hostname"), new RegExp(name));
    assert.ok((await kubectl("logs", name, "-c", "main")).length > 0);
    // Adopted containers are still probed.
    await get(real.namespace, `http://${one?.status?.podIP}:8080/set?ready=0`);
    await eventually("the pod to be unready", async () => !isPodReady(await pod(name)));
    await get(real.namespace, `http://${one?.status?.podIP}:8080/set?ready=1`);
    await eventually("the pod to be ready", async () => isPodReady(await pod(name)));
    assert.deepEqual(runs(await pods()), runs(before));
    await kubectl("delete", "pod", "ends");
  });

  test("after a restart of the machine pods are there again, with their init containers, one restart more", async () => {
    const before = await pods();
    await real.current.stop("SIGKILL");
    await dieWithTheMachine(real);
    await real.start();
    const back = await eventually("all pods to be ready again", async () => {
      const list = await pods();
      return list.every((one) => isPodReady(one) && containerStatuses(one)[0]?.restartCount === 1) && list;
    });
    assert.deepEqual(
      new Set(back.map(({ metadata }) => metadata.uid)),
      new Set(before.map(({ metadata }) => metadata.uid)),
    );
    for (const { metadata, status } of back) {
      assert.equal(status?.containerStatuses?.[0]?.restartCount, 1);
      assert.equal(status?.initContainerStatuses?.[0]?.restartCount, 1);
      await untilEvent(kubectl, metadata.name ?? "", /^Normal SandboxChanged: Pod sandbox changed, it will be killed/);
    }
    await eventually("the Service to answer", async () => get(real.namespace, await serviceUrl("/hostname")));
  });

  test("a broken network shows in an Event, leaves running Pods alone, and heals", async () => {
    const file = join(real.dataDir, "containerd/cni/10-knarr.conflist");
    const config = readFileSync(file, "utf8");
    const before = runs(await pods());
    try {
      await writeFile(file, config.replace('"type": "bridge"', '"type": "no-such-plugin"'));
      await eventually("a pod that cannot be made", async () => {
        await kubectl.try(["delete", "pod", "lost", "--ignore-not-found", "--now"]);
        await kubectl.apply(NEVER("lost", "sleep 1000"));
        // One that can was quicker than containerd, which has to find the file changed.
        const made = await eventually("the pod to be made or not", async () => {
          const events = await eventsOf(kubectl, "lost");
          const why = events.find((line) => line.startsWith("Warning FailedCreatePodSandBox"));
          return why ?? (isPodReady(await pod("lost")) && "it was made");
        });
        assert.match(
          made,
          /^Warning FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "[0-9a-f]{64}": plugin type="no-such-plugin" failed \(add\): failed to find plugin "no-such-plugin" in path \[/,
        );
        return true;
      });
      // It heals by itself: what is said meanwhile is not there for long.
      const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].message}{"\\n"}';
      await using nodes = watching(kubectl, "get", "nodes", "--watch", "-o", ready);
      await nodes.shows("the node as it is", (printed) => printed !== "");
      await unlink(file);
      await nodes.shows("the node that says so", (printed) =>
        printed.includes(
          "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        ),
      );
    } finally {
      await writeFile(file, config);
    }
    await kubectl("wait", "--for=condition=Ready", "pod/lost", "--timeout=120s");
    assert.deepEqual(runs(await pods()), before);
    await kubectl("delete", "pod", "lost");
  });

  const WRONG: readonly (readonly [what: string, spec: string, reason: RegExp, event: RegExp])[] = [
    [
      "an image that does not exist",
      `containers: [{ name: main, image: "REGISTRY/test/absent:1" }]`,
      /^(ErrImagePull|ImagePullBackOff)$/,
      /^Warning Failed: Failed to pull image "127\.0\.0\.1:\d+\/test\/absent:1": .*not found/,
    ],
    [
      "a corrupt image",
      `containers: [{ name: main, image: "REGISTRY/test/corrupt:1" }]`,
      /^(ErrImagePull|ImagePullBackOff)$/,
      /^Warning Failed: Failed to pull image "127\.0\.0\.1:\d+\/test\/corrupt:1": .*digest/,
    ],
    [
      "a command that does not exist",
      `containers: [{ name: main, image: "busybox:1.36", command: [/no/such] }]`,
      /^(RunContainerError|CrashLoopBackOff)$/,
      /^Warning Failed: Error: failed to create containerd task: .*exec: "\/no\/such": stat \/no\/such: no such file or directory/,
    ],
    [
      "a ConfigMap that does not exist",
      `containers: [{ name: main, image: "busybox:1.36", envFrom: [{ configMapRef: { name: absent } }] }]`,
      /^CreateContainerConfigError$/,
      /^Warning Failed: Error: configmap "absent" not found/,
    ],
    [
      "a volume that does not exist",
      `{ containers: [{ name: main, image: "busybox:1.36", volumeMounts: [{ name: v, mountPath: /v }] }], volumes: [{ name: v, secret: { secretName: absent } }] }`,
      /^ContainerCreating$/,
      /^Warning FailedMount: MountVolume.SetUp failed for volume "v" : secret "absent" not found/,
    ],
  ];
  for (const [index, [what, spec, reason, event]] of WRONG.entries()) {
    test(`${what} is reported by status and Event, and other Pods run on`, async () => {
      const before = runs(await pods());
      const name = `wrong-${index}`;
      const body = (spec.startsWith("{") ? spec : `{ ${spec} }`).replace("REGISTRY", real.registry.host);
      await kubectl.apply(`{ apiVersion: v1, kind: Pod, metadata: { name: ${name} }, spec: ${body} }`);
      await untilEvent(kubectl, name, event);
      await eventually("the status to say so", async () => {
        const state = containerStatuses(await pod(name))[0]?.state;
        assert.match(state?.waiting?.reason ?? JSON.stringify(state), reason);
        return true;
      });
      await kubectl("delete", "pod", name, "--now");
      assert.deepEqual(runs(await pods()), before);
    });
  }

  test("a port of the node that is taken: the second pod waits for it", async () => {
    const holder = (name: string) =>
      `{ apiVersion: v1, kind: Pod, metadata: { name: ${name} }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: main, image: "test/server:1", ports: [{ containerPort: 8080, hostPort: 18080 }] }] } }`;
    await kubectl.apply(holder("first"));
    await kubectl("wait", "--for=condition=Ready", "pod/first", "--timeout=120s");
    await kubectl.apply(holder("second"));
    await untilEvent(
      kubectl,
      "second",
      /^Warning FailedScheduling: 0\/1 nodes are available: 1 node\(s\) didn't have free ports for the requested pod ports\./,
    );
    await kubectl("delete", "pod", "first");
    await eventually("the second pod to be ready", async () => {
      assert.ok(isPodReady(await pod("second")), (await eventsOf(kubectl, "second")).join("\n"));
      return true;
    });
    await kubectl("delete", "pod", "second");
  });

  test("a container that ignores SIGTERM is gone after the grace period", async () => {
    await kubectl.apply(NEVER("deaf", "trap '' TERM; while true; do sleep 1; done"));
    await kubectl("wait", "--for=condition=Ready", "pod/deaf", "--timeout=120s");
    await kubectl("delete", "pod", "deaf", "--timeout=120s");
    assert.equal(await kubectl("get", "pod", "deaf", "--ignore-not-found"), "");
  });

  test("a second cluster that asks for the first's address is refused with the reason, and leaves nothing", async () => {
    const other = join(real.dir, "other");
    const address = real.namespace.address;
    const { code, stdout, stderr } = await real.namespace.run(
      KNARR,
      ["up", "--data-dir", other, "--port", "0", "--runtime", "containerd", "--node-address", address],
      { env: { ...real.current.env, KUBECONFIG: join(real.dir, "other-config") } },
    );
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^knarr: the node address 192\.0\.2\.2 belongs to the cluster in [^\n]*\n$/);
    assert.deepEqual(
      (await readdir(real.dir)).filter((name) => name.startsWith("other")),
      [],
    );
  });
});

describe("a disk that is full", { skip, timeout: 900_000 }, () => {
  test("writes are refused in words, the node says that it is under pressure, and all of it heals", async () => {
    const dir = await mkdtemp(join(tmpdir(), "knarr-full-"));
    await must("mount", ["-t", "tmpfs", "-o", "size=128m", "knarr-test", dir]);
    try {
      await using real = await startRestartable({ dir });
      const { kubectl } = real.current;
      // Others would be evicted while the disk is full.
      const critical = '--overrides={"spec":{"priorityClassName":"system-node-critical"}}';
      await kubectl("run", "web", "--image=test/server:1", critical);
      await kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=120s");
      await writeFile(join(dir, "filler"), Buffer.alloc(128 << 20)).catch(() => {});
      const big = `{ apiVersion: v1, kind: ConfigMap, metadata: { generateName: big- }, data: { a: ${"x".repeat(900_000)} } }`;
      const create = () => kubectl.try(["create", "-f", "-"], { input: big });
      const refused = await eventually("a write that is refused", async () => {
        const { code, stderr } = await create();
        return code !== 0 && stderr;
      });
      assert.match(refused, /^Error from server \(ServiceUnavailable\): .*ENOSPC: no space left on device/);
      assert.match(await kubectl("get", "pods"), /web +1\/1 +Running/);
      await rm(join(dir, "filler"));
      await eventually("a write that goes through", async () => (await create()).code === 0);
      await writeFile(join(dir, "filler"), Buffer.alloc(60 << 20));
      await writeFile(join(dir, "filler-2"), Buffer.alloc(40 << 20)).catch(() => {});
      await kubectl("wait", "--for=condition=DiskPressure", "node", "--all", "--timeout=120s");
      const [node] = (await kubectl.json<{ items: { spec: { taints?: { key: string }[] } }[] }>("nodes")).items;
      await rm(join(dir, "filler"));
      await rm(join(dir, "filler-2"), { force: true });
      assert.ok(node);
      assert.match(await kubectl("get", "pods"), /web +1\/1 +Running +0 /);
    } finally {
      await must("umount", ["--lazy", dir]);
      await rm(dir, { recursive: true, force: true });
    }
  });
});

test("a machine without containerd, and one without rights: one line says what is missing", { skip }, async () => {
  await using namespace = await createTestNamespace();
  const dir = await mkdtemp(join(tmpdir(), "knarr-lacking-"));
  const env = { ...process.env, HOME: dir, KUBECONFIG: join(dir, "kubeconfig") };
  const up = [KNARR, "up", "--data-dir", join(dir, "data"), "--port", "0", "--runtime", "containerd"];
  try {
    const containerd = (await must("sh", ["-c", "command -v containerd"])).trim();
    const hidden = `mount --bind /dev/null ${containerd}; exec ${up.join(" ")}`;
    const without = await namespace.run("unshare", ["--mount", "sh", "-c", hidden], { env });
    assert.deepEqual([without.code, without.stdout], [1, ""]);
    assert.equal(without.stderr, "knarr: real containers lack containerd (apt-get install containerd)\n");
    assert.deepEqual(await readdir(dir), []);

    await must("chown", ["65534", dir]);
    const asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", ...up];
    const nobody = await namespace.run("setpriv", asNobody, { env });
    assert.deepEqual([nobody.code, nobody.stdout], [1, ""]);
    assert.equal(nobody.stderr, "knarr: real containers lack root rights (start it as root)\n");
    assert.deepEqual(await readdir(dir), []);
  } finally {
    await rm(dir, { recursive: true });
  }
});

interface Link {
  readonly ifname: string;
}

/** All that a restart of the machine removes: processes, mounts, network, packet rules. What is on disk stays. */
async function dieWithTheMachine({ dataDir, namespace }: RestartableCluster): Promise<void> {
  const shims = shimsOf(dataDir);
  const processes = shims.flatMap(descendantsOf);
  for (const pid of [daemonOf(dataDir), ...shims, ...processes]) kill(pid);
  await eventually("all processes to be gone", () => Promise.resolve(shimsOf(dataDir).length === 0));
  const mounted = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${dataDir}/`));
  for (const path of mounted.toReversed()) await must("umount", ["--lazy", path]);
  const links = JSON.parse(await namespace.must("ip", ["-json", "link", "show", "type", "bridge"])) as Link[];
  for (const { ifname } of links) await namespace.must("ip", ["link", "delete", "dev", ifname]);
  const tables = (await namespace.must("nft", ["list", "tables"])).split("\n").filter((line) => line.includes("knarr"));
  for (const table of tables) {
    if (!table.includes("fence")) await namespace.must("nft", ["delete", ...table.split(" ")]);
  }
}
