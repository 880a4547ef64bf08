import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Pod } from "#objects";
import { skipUnlessReal } from "./support/machine.ts";
import type { TestNamespace } from "./support/network-namespace.ts";
import { leaksSince, tracesNow } from "./support/leaks.ts";
import { startRealCluster, type RealCluster } from "./support/real-cluster.ts";
import { get, request, requestLoop } from "./support/requests.ts";
import { eventually } from "./support/cluster-under-test.ts";
import { eventsOf, isReady, pod, podOf, shell, statuses, until, waitsFor } from "./support/pods.ts";
import { listOf, serverDeployment, serverPod, service } from "./support/servers.ts";

const skip = await skipUnlessReal();
const CROWD = 60;

describe("a node that others use too", { skip, timeout: 900_000 }, () => {
  let cluster: RealCluster;
  let namespace: TestNamespace;
  before(async () => {
    cluster = await startRealCluster();
    namespace = cluster.namespace;
  });
  after(async () => assert.deepEqual(await cluster?.end(), []));

  test("a port that a process of the machine has is led past it by rules or reported, and others go on", async (t) => {
    const host = {
      hostPort: await startOnMachine(namespace, 18090),
      nodePort: await startOnMachine(namespace, 30090),
      own: await startOnMachine(namespace, 18091),
      health: await startOnMachine(namespace, 30091),
    };
    const kubectl = await cluster.inNamespace("taken");
    const at = (port: number) => `http://${namespace.address}:${port}/hostname`;
    const ports = (more: object) => [{ port: 80, targetPort: "http", ...more }];
    await kubectl.apply(
      listOf(serverPod("bystander"), service("bystander", { type: "NodePort", ports: ports({ nodePort: 30092 }) })),
    );
    await eventually("the bystander", () => get(namespace, at(30092)));
    const loop = requestLoop(namespace, at(30092), { pauseMs: 20 });

    await kubectl.apply(
      listOf(
        serverPod("on-host-port", { ports: [{ name: "http", containerPort: 8080, hostPort: 18090 }] }),
        service("on-host-port", { type: "NodePort", ports: ports({ nodePort: 30090 }) }),
        serverPod("in-host-network", {
          args: ["--http", "18091"],
          ports: [],
          container: { readinessProbe: { httpGet: { path: "/readyz", port: 18091 }, periodSeconds: 1 } },
          spec: { hostNetwork: true },
        }),
        service("balanced", {
          type: "LoadBalancer",
          selector: { app: "on-host-port" },
          externalTrafficPolicy: "Local",
          healthCheckNodePort: 30091,
          ports: ports({ port: 30093 }),
        }),
      ),
    );
    // Nothing listens on a host port or a node port: packets are led elsewhere before they get to who does.
    await until(kubectl, "on-host-port", "to be ready", isReady);
    for (const port of [18090, 30090, 30093])
      await eventually(`the Pod on port ${port}`, async () => (await get(namespace, at(port))) === "on-host-port");
    // A Pod in the machine's network gets the machine's answer.
    await until(kubectl, "in-host-network", "to back off", (pod) =>
      waitsFor("CrashLoopBackOff")(statuses(pod).get("main")),
    );
    assert.equal(
      await kubectl("logs", "in-host-network", "--previous"),
      "server: port 18091: Address already in use\n",
    );
    assert.ok(!isReady(await podOf(kubectl, "in-host-network")));
    await eventually("the Event of the health check port", async () =>
      (await eventsOf(kubectl, "balanced")).some((line) =>
        /^Warning FailedToStartServiceHealthcheck: node \S+ failed to start healthcheck "taken\/balanced" on port 30091: listen tcp 0\.0\.0\.0:30091: bind: address already in use$/.test(
          line,
        ),
      ),
    );

    // A listener that had to wait gets its port once it is free.
    for (const process of [host.own, host.health]) await process.end();
    await until(kubectl, "in-host-network", "to be ready", isReady);
    const health = await eventually("the health check port", async () => {
      const { status, body } = await request(namespace, at(30091));
      return status === 200 && body;
    });
    assert.match(health, /"localEndpoints": 1/);
    // And the machine has its own ports again when no rule leads them elsewhere.
    await kubectl("delete", "service/on-host-port", "pod/on-host-port");
    for (const port of [18090, 30090])
      await eventually(`the machine on port ${port}`, async () => (await get(namespace, at(port))) === "machine");
    for (const process of [host.hostPort, host.nodePort]) await process.end();
    const { sent, failed } = await loop.stop();
    t.diagnostic(`${sent} requests to the bystander`);
    assert.deepEqual(failed, []);
  });

  test(`${CROWD} Pods come at once and go at once; nothing is left of them, and others go on`, async (t) => {
    const kubectl = await cluster.inNamespace("crowd");
    await kubectl.apply(listOf(serverPod("bystander"), service("bystander", { type: "NodePort" })));
    const url = `http://${namespace.address}:${await kubectl("get", "service", "bystander", "-o", "jsonpath={.spec.ports[0].nodePort}")}/hostname`;
    await eventually("the bystander", () => get(namespace, url));
    const { restartCount } = statuses(await podOf(kubectl, "bystander")).get("main")!;
    const options = { dirs: [cluster.dir], namespace };
    const idle = await tracesNow(options);
    // While so many come, a request may take its time.
    const loop = requestLoop(namespace, url, { parallel: 1, pauseMs: 50, timeoutMs: 30_000 });

    const came = performance.now();
    await kubectl.apply(listOf(service("crowd"), serverDeployment("crowd", CROWD)));
    await kubectl("rollout", "status", "deployment/crowd", "--timeout=240s");
    const went = performance.now();
    const { items } = await kubectl.json<{ items: Pod[] }>("pods", "-l", "app=crowd");
    assert.equal(items.filter(isReady).length, CROWD);
    assert.equal(new Set(items.map(({ status }) => status?.podIP)).size, CROWD);
    assert.deepEqual(
      items.filter((each) => statuses(each).get("main")?.restartCount !== 0),
      [],
    );
    const ofCrowd = ["-l", "kubernetes.io/service-name=crowd"];
    const addresses = ["-o", "jsonpath={.items[*].endpoints[*].addresses[0]}"];
    await eventually(
      "all addresses",
      async () => (await kubectl("get", "endpointslices", ...ofCrowd, ...addresses)).split(" ").length === CROWD,
    );

    const { sent, failed } = await loop.stop();
    await kubectl("delete", "deployment/crowd", "service/crowd", "--cascade=foreground", "--timeout=120s");
    const gone = performance.now();
    t.diagnostic(
      `ready after ${Math.round(went - came)} ms, gone after ${Math.round(gone - went)} ms; ${sent} requests`,
    );
    assert.deepEqual(failed, []);
    assert.deepEqual(await leaksSince(idle, options), []);
    assert.equal(statuses(await podOf(kubectl, "bystander")).get("main")?.restartCount, restartCount);
  });

  // A Pod's processes have no limit unless one is set (podPidsLimit); each takes memory of the kernel's, which counts.
  const bomb = { skip: process.env["FORK_BOMB"] ? false : "it keeps the whole machine busy: set FORK_BOMB=1" };
  test(
    "a fork bomb is held by its Pod's memory limit: others go on, new Pods start, and it can be deleted",
    bomb,
    async (t) => {
      const kubectl = await cluster.inNamespace("bomb");
      await kubectl.apply(listOf(serverPod("bystander")));
      const { podIP } = (await until(kubectl, "bystander", "to be ready", isReady)).status!;
      const options = { dirs: [cluster.dir], namespace };
      const idle = await tracesNow(options);
      const loop = requestLoop(namespace, `http://${podIP}:8080/hostname`, { parallel: 1, pauseMs: 50 });

      // Without a limit of its processor time: what a kernel does for a Pod counts too, and has to be paid back first.
      await kubectl.apply(
        pod("bomb", [
          `{ name: main, ${shell("b() { b | b & wait; }; b")}, resources: { requests: { cpu: 1m }, limits: { memory: 32Mi } } }`,
        ]),
      );
      await until(kubectl, "bomb", "to be short of memory", (at) => {
        const { state, lastState } = statuses(at).get("main")!;
        return (state?.terminated ?? lastState?.terminated)?.reason === "OOMKilled";
      });
      // Again and again.
      await until(kubectl, "bomb", "to go off again", (at) => statuses(at).get("main")!.restartCount > 0);
      await kubectl.apply(listOf(serverPod("newcomer")));
      await until(kubectl, "newcomer", "to be ready", isReady);
      assert.equal(await kubectl("exec", "bystander", "--", "echo", "well"), "well\n");
      assert.match(await kubectl("get", "nodes"), / Ready /);
      await kubectl("delete", "pod", "bomb", "newcomer", "--timeout=120s");
      const { sent, failed } = await loop.stop();
      t.diagnostic(`${sent} requests to the bystander`);
      assert.deepEqual(failed, []);
      assert.deepEqual(await leaksSince(idle, options), []);
      assert.equal(statuses(await podOf(kubectl, "bystander")).get("main")?.restartCount, 0);
    },
  );
});

/** A process of the machine, beside the node, that listens on a port and calls itself `machine`. */
async function startOnMachine(namespace: TestNamespace, port: number) {
  const child = namespace.spawn("perl", [SERVER, "--http", String(port), "--name", "machine"], { stdio: "ignore" });
  await eventually(`the process on port ${port}`, () => get(namespace, `http://127.0.0.1:${port}/hostname`));
  return {
    async end() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

const SERVER = join(import.meta.dirname, "support/images/server.pl");
