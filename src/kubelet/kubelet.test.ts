import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createVirtualClock } from "#base";
import { CONFIG_MAPS, formatTime, NODES, PODS, podCondition, RUNTIME_CLASSES, type Pod } from "#objects";
import { createMemoryStore } from "#store/memory";
import { createTestWorld, shown, statusIn, type TestWorld } from "./testing/world.ts";

const nginx = { name: "web", image: "nginx:1.27" };
const is = (phase: string) => (pod: Pod | undefined) => pod?.status?.phase === phase;
const isReady = (pod: Pod | undefined) => pod !== undefined && podCondition(pod, "Ready")?.status === "True";
const isGone = (pod: Pod | undefined) => pod === undefined;
const shows = (container: string, text: string) => (pod: Pod | undefined) => shown(pod, container) === text;
const deletePod = (world: TestWorld, name: string, gracePeriodSeconds?: number) =>
  world.client.delete(
    PODS,
    { namespace: "default", name },
    gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
  );

/** Seconds that virtual time went by during `work`. */
async function seconds(world: TestWorld, work: () => Promise<unknown>): Promise<number> {
  const began = world.clock.now();
  await work();
  return Math.round((world.clock.now() - began) / 100) / 10;
}

describe("a pod", () => {
  test("runs, with the Events that tell so, and is gone after its deletion", async () => {
    await using world = await createTestWorld();
    await world.run("web", { containers: [nginx] });
    const took = await seconds(world, () => world.until("web", isReady));
    assert.ok(took >= 0.7 && took <= 0.8, `sandbox, pull and start take ${took} s`);
    const pod = await world.pod("web");
    assert.equal(pod?.status?.phase, "Running");
    assert.equal(pod?.status?.podIP, "10.244.0.2");
    assert.equal(statusIn(pod, "web")?.image, "docker.io/library/nginx:1.27");
    await deletePod(world, "web");
    assert.equal((await world.pod("web"))?.status?.phase, "Running");
    await world.until("web", isGone);
    const events = (await world.events("web")).map((line) => line.replace(/\d+ bytes/, "N bytes"));
    assert.deepEqual(events, [
      'Normal Pulling Pulling image "nginx:1.27"',
      'Normal Pulled Successfully pulled image "nginx:1.27" in 500ms (500ms including waiting). Image size: N bytes.',
      "Normal Created Container created",
      "Normal Started Container started",
      "Normal Killing Stopping container web",
    ]);
  });

  test("waits, and says so, for a RuntimeClass that is gone, and starts when it is there", async () => {
    await using world = await createTestWorld();
    await world.run("web", { runtimeClassName: "sandboxed", containers: [nginx] });
    await world.clock.advance(5_000);
    assert.deepEqual(await world.events("web"), [
      'Warning FailedCreatePodSandBox Failed to create pod sandbox: runtimeclass.node.k8s.io "sandboxed" not found',
    ]);
    await world.client.create(RUNTIME_CLASSES, { metadata: { name: "sandboxed" }, handler: "gvisor" });
    await world.until("web", isReady);
  });

  test("that runs to its end stays as it ended", async () => {
    await using world = await createTestWorld();
    const command = ["sh", "-c", "echo hi; sleep 3; exit 4"];
    await world.run("job", { restartPolicy: "Never", containers: [{ name: "main", image: "busybox", command }] });
    const pod = await world.until("job", is("Failed"));
    assert.equal(shown(pod, "main"), "terminated Error 4");
    await world.clock.advance(60_000);
    assert.deepEqual((await world.pod("job"))?.status, pod?.status);
  });

  test("with OnFailure is restarted until it succeeds, with Always for ever", async () => {
    await using world = await createTestWorld();
    const main = { name: "main", image: "busybox", command: ["false"] };
    await world.run("failing", { restartPolicy: "OnFailure", containers: [main] });
    await world.run("done", { restartPolicy: "OnFailure", containers: [{ ...main, command: ["true"] }] });
    await world.run("always", { containers: [{ ...main, command: ["true"] }] });
    await world.until("done", is("Succeeded"));
    await world.until("failing", (pod) => statusIn(pod, "main")?.restartCount === 3);
    await world.until("always", (pod) => statusIn(pod, "main")?.restartCount === 3);
    assert.equal((await world.pod("failing"))?.status?.phase, "Running");
    assert.equal((await world.pod("always"))?.status?.phase, "Running");
  });

  test("fails past its active deadline, once its containers have ended", async () => {
    await using world = await createTestWorld();
    const annotations = { "simulated.knarr.dev/stop-seconds": "5" };
    await world.run("late", { activeDeadlineSeconds: 20, containers: [nginx] }, { annotations });
    const took = await seconds(world, () => world.until("late", is("Failed")));
    assert.ok(took >= 25 && took < 26, `${took} s`);
    const pod = await world.pod("late");
    assert.equal(pod?.status?.reason, "DeadlineExceeded");
    assert.equal(pod?.status?.message, "Pod was active on the node longer than the specified deadline");
  });

  test("runs init containers in order, then side-cars beside the main containers", async () => {
    await using world = await createTestWorld();
    await world.run("init", {
      restartPolicy: "Never",
      initContainers: [
        { name: "first", image: "busybox", command: ["sleep", "2"] },
        { name: "side", image: "nginx", restartPolicy: "Always", startupProbe: { httpGet: { port: 80 } } },
      ],
      containers: [{ name: "main", image: "busybox", command: ["sleep", "5"] }],
    });
    const waiting = await world.until("init", shows("first", "running"));
    assert.equal(shown(waiting, "side"), "waiting PodInitializing");
    assert.equal(podCondition(waiting!, "Initialized")?.reason, "ContainersNotInitialized");
    const running = await world.until("init", shows("main", "running"));
    assert.equal(shown(running, "first"), "terminated Completed 0");
    assert.equal(shown(running, "side"), "running");
    const ended = await world.until("init", is("Succeeded"));
    assert.equal(shown(ended, "side"), "terminated Completed 0");
  });
});

describe("a pod that something goes wrong with", () => {
  test("is restarted in a crash loop with a doubling back-off and a rising count", async () => {
    await using world = await createTestWorld();
    await world.run("crash", { containers: [{ name: "web", image: "simulate/crash:3" }] });
    const times: number[] = [];
    for (let run = 0; run < 6; run++) {
      await world.until(
        "crash",
        (pod) => statusIn(pod, "web")?.restartCount === run && shown(pod, "web") === "running",
      );
      times.push(world.clock.now() / 1000);
    }
    const gaps = times.slice(1).map((time, i) => Math.round(time - times[i]!));
    assert.deepEqual(gaps, [1, 11, 21, 41, 81]);
    const pod = await world.until("crash", shows("web", "waiting CrashLoopBackOff"));
    const { uid } = pod!.metadata;
    assert.equal(
      statusIn(pod, "web")?.state?.waiting?.message,
      `back-off 2m40s restarting failed container=web pod=crash_default(${uid})`,
    );
    assert.equal(statusIn(pod, "web")?.lastState?.terminated?.exitCode, 3);
    const events = await world.events("crash");
    assert.ok(events.includes(`Warning BackOff Back-off restarting failed container web in pod crash_default(${uid})`));
  });

  test("shows ErrImagePull and ImagePullBackOff, and can be deleted at any time", async () => {
    await using world = await createTestWorld();
    await world.run("nopull", { containers: [{ name: "web", image: "example.com/no-such:1" }] });
    const failed = await world.until("nopull", shows("web", "waiting ErrImagePull"));
    assert.match(statusIn(failed, "web")?.state?.waiting?.message ?? "", /example\.com\/no-such:1/);
    const waiting = await world.until("nopull", shows("web", "waiting ImagePullBackOff"));
    assert.match(
      statusIn(waiting, "web")?.state?.waiting?.message ?? "",
      /^Back-off pulling image "example.com\/no-such:1": ErrImagePull: /,
    );
    assert.equal(waiting?.status?.phase, "Pending");
    await deletePod(world, "nopull");
    await world.until("nopull", isGone);
  });

  test("shows ErrImageNeverPull when the image may not be pulled", async () => {
    await using world = await createTestWorld();
    await world.run("never", { containers: [{ ...nginx, imagePullPolicy: "Never" }] });
    const pod = await world.until("never", shows("web", "waiting ErrImageNeverPull"));
    assert.equal(
      statusIn(pod, "web")?.state?.waiting?.message,
      'Container image "nginx:1.27" is not present with pull policy of Never',
    );
  });

  test("fails when the node is full or is not the one that it asks for", async () => {
    await using world = await createTestWorld();
    const requests = (cpu: string) => ({ ...nginx, resources: { requests: { cpu } } });
    await world.run("large", { containers: [requests("6")] });
    await world.until("large", isReady);
    await world.run("another", { containers: [requests("3")] });
    const refused = await world.until("another", is("Failed"));
    assert.equal(refused?.status?.reason, "OutOfcpu");
    assert.equal(
      refused?.status?.message,
      "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 6000, capacity: 8000",
    );
    assert.deepEqual(await world.events("another"), [
      "Warning OutOfcpu Node didn't have enough resource: cpu, requested: 3000, used: 6000, capacity: 8000",
    ]);
    await deletePod(world, "another");
    await world.until("another", isGone);
    await world.run("elsewhere", { nodeSelector: { disk: "fast" }, containers: [nginx] });
    assert.equal((await world.until("elsewhere", is("Failed")))?.status?.reason, "NodeAffinity");
    // What has ended, or has gone, makes room.
    await deletePod(world, "large");
    await world.until("large", isGone);
    await world.run("third", { containers: [requests("3")] });
    await world.until("third", isReady);
  });

  test("waits for a ConfigMap until it and its key are there", async () => {
    await using world = await createTestWorld();
    const env = [{ name: "COLOR", valueFrom: { configMapKeyRef: { name: "colors", key: "wall" } } }];
    await world.run("painter", { containers: [{ ...nginx, env }] });
    const waiting = await world.until("painter", shows("web", "waiting CreateContainerConfigError"));
    assert.equal(statusIn(waiting, "web")?.state?.waiting?.message, 'configmap "colors" not found');
    const metadata = { name: "colors", namespace: "default" };
    const key = { namespace: "default", name: "colors" };
    await world.client.create(CONFIG_MAPS, { metadata, data: { floor: "grey" } });
    const message = "couldn't find key wall in ConfigMap default/colors";
    await world.until("painter", (pod) => statusIn(pod, "web")?.state?.waiting?.message === message);
    await world.client.patch(CONFIG_MAPS, key, { type: "merge", body: { data: { wall: "white" } } });
    await world.until("painter", isReady);
    const events = await world.events("painter");
    assert.ok(events.includes('Warning Failed Error: configmap "colors" not found'));
    assert.ok(events.includes(`Warning Failed Error: ${message}`));
    await deletePod(world, "painter");
    await world.until("painter", isGone);
  });

  test("fails when its host port is taken", async () => {
    await using world = await createTestWorld();
    const containers = [{ ...nginx, ports: [{ containerPort: 80, hostPort: 8080 }] }];
    await world.run("first", { containers });
    await world.until("first", isReady);
    await world.run("second", { containers });
    const refused = await world.until("second", is("Failed"));
    assert.equal(refused?.status?.reason, "NodePorts");
    assert.equal(
      refused?.status?.message,
      "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    );
  });
});

describe("a probe", () => {
  test("of readiness keeps to its initial delay, period and thresholds", async () => {
    await using world = await createTestWorld();
    const annotations = { "simulated.knarr.dev/ready-seconds": "12" };
    const readinessProbe = { httpGet: { port: 80 }, initialDelaySeconds: 3, periodSeconds: 5, successThreshold: 2 };
    await world.run("slow", { containers: [{ ...nginx, readinessProbe }] }, { annotations });
    await world.until("slow", shows("web", "running"));
    // Asked after 3, 8, 13 and 18 s.
    const took = await seconds(world, () => world.until("slow", isReady));
    assert.ok(took >= 17.8 && took <= 18.2, `${took} s`);
    const events = await world.events("slow");
    assert.ok(
      events.includes(
        'Warning Unhealthy Readiness probe failed: Get "http://10.244.0.2:80/": dial tcp 10.244.0.2:80: connect: connection refused',
      ),
    );
  });

  test("at startup that fails restarts the container; one that passes lets the others begin", async () => {
    await using world = await createTestWorld();
    const startupProbe = { tcpSocket: { port: 80 }, periodSeconds: 2, failureThreshold: 3 };
    const web = { ...nginx, startupProbe };
    await world.run("slow", { containers: [web] }, { annotations: { "simulated.knarr.dev/ready-seconds": "30" } });
    await world.run("quick", { containers: [web] }, { annotations: { "simulated.knarr.dev/ready-seconds": "3" } });
    const pod = await world.until("slow", (current) => statusIn(current, "web")?.restartCount === 1);
    assert.equal(statusIn(pod, "web")?.lastState?.terminated?.exitCode, 0);
    assert.ok(
      (await world.events("slow")).includes("Normal Killing Container web failed startup probe, will be restarted"),
    );
    assert.ok(isReady(await world.pod("quick")));
    assert.equal(statusIn(await world.pod("quick"), "web")?.restartCount, 0);
  });

  test("of liveness that fails restarts the container, within the probe's own grace", async () => {
    await using world = await createTestWorld();
    const annotations = { "simulated.knarr.dev/fail": "unhealthy", "simulated.knarr.dev/stop-seconds": "9" };
    const livenessProbe = {
      exec: { command: ["check"] },
      periodSeconds: 10,
      failureThreshold: 2,
      terminationGracePeriodSeconds: 4,
    };
    await world.run("sick", { containers: [{ ...nginx, livenessProbe }] }, { annotations });
    await world.until("sick", shows("web", "running"));
    const took = await seconds(world, () => world.until("sick", (pod) => statusIn(pod, "web")?.restartCount === 1));
    assert.ok(took >= 14 && took <= 14.5, `two failures, 4 s of grace, a restart: ${took} s`);
    assert.equal(statusIn(await world.pod("sick"), "web")?.lastState?.terminated?.exitCode, 137);
  });

  test("of readiness that is absent makes a slow starter ready once it is up", async () => {
    await using world = await createTestWorld();
    await world.run("slow", { containers: [{ name: "web", image: "simulate/slow:7" }] });
    await world.until("slow", shows("web", "running"));
    const took = await seconds(world, () => world.until("slow", isReady));
    assert.ok(took >= 6.8 && took <= 7.2, `${took} s`);
  });
});

describe("a deleted pod", () => {
  const stubborn = { annotations: { "simulated.knarr.dev/fail": "ignore-term" } };

  test("whose container ignores the signal is killed after the grace period", async () => {
    await using world = await createTestWorld();
    await world.run("stubborn", { terminationGracePeriodSeconds: 12, containers: [nginx] }, stubborn);
    await world.until("stubborn", isReady);
    await deletePod(world, "stubborn");
    const took = await seconds(world, () => world.until("stubborn", isGone));
    assert.ok(took >= 12 && took <= 12.5, `${took} s`);
  });

  test("that is deleted again with less grace goes sooner", async () => {
    await using world = await createTestWorld();
    await world.run("stubborn", { terminationGracePeriodSeconds: 600, containers: [nginx] }, stubborn);
    await world.until("stubborn", isReady);
    await deletePod(world, "stubborn");
    await world.clock.advance(5_000);
    await deletePod(world, "stubborn", 8);
    const took = await seconds(world, () => world.until("stubborn", isGone));
    assert.ok(took >= 8 && took <= 8.5, `${took} s`);
  });

  test("that is forced off frees its host ports", async () => {
    await using world = await createTestWorld();
    const containers = [{ ...nginx, ports: [{ containerPort: 80, hostPort: 8080 }] }];
    await world.run("forced", { containers });
    await world.until("forced", isReady);
    await deletePod(world, "forced", 0);
    assert.equal(await world.pod("forced"), undefined);
    await world.clock.advance(3_000);
    await world.run("next", { containers });
    await world.until("next", isReady);
  });

  // As upstream: what the API has no more does not count, though its containers may still be ending.
  test("that is forced off takes no room of the node from then on", async () => {
    await using world = await createTestWorld();
    const { status } = await world.client.get(NODES, { namespace: "", name: "knarr-1" });
    const cpu = status?.allocatable?.["cpu"] ?? "";
    const containers = [{ ...nginx, resources: { requests: { cpu } } }];
    await world.run("forced", { containers }, stubborn);
    await world.until("forced", isReady);
    await deletePod(world, "forced", 0);
    await world.run("next", { containers });
    await world.until("next", isReady);
  });

  test("that is still starting stops all the same", async () => {
    await using world = await createTestWorld();
    for (const [i, ms] of [0, 50, 150, 400, 620, 680].entries()) {
      await world.run(`early-${i}`, { containers: [nginx] });
      await world.clock.advance(ms);
      await deletePod(world, `early-${i}`);
      await world.until(`early-${i}`, isGone);
    }
    assert.deepEqual(world.complaints, []);
  });

  test("runs its preStop hook first, within the grace", async () => {
    await using world = await createTestWorld();
    const lifecycle = { preStop: { sleep: { seconds: 4 } } };
    await world.run("hook", { containers: [{ ...nginx, lifecycle }] });
    await world.until("hook", isReady);
    await deletePod(world, "hook");
    const took = await seconds(world, () => world.until("hook", isGone));
    assert.ok(took >= 4 && took <= 4.5, `${took} s`);
  });

  test("ends although its preStop hook fails or takes too long", async () => {
    await using world = await createTestWorld();
    const hook = (command: string[]) => ({ ...nginx, lifecycle: { preStop: { exec: { command } } } });
    await world.run("fails", { containers: [hook(["false"])] });
    await world.run("hangs", { terminationGracePeriodSeconds: 6, containers: [hook(["sleep", "100"])] });
    await world.until("fails", isReady);
    await world.until("hangs", isReady);
    await deletePod(world, "fails");
    await world.until("fails", isGone);
    await deletePod(world, "hangs");
    const took = await seconds(world, () => world.until("hangs", isGone));
    assert.ok(took >= 6 && took <= 8.5, `${took} s`);
    assert.ok((await world.events("fails")).includes("Warning FailedPreStopHook PreStopHook failed"));
    assert.ok((await world.events("hangs")).includes("Warning FailedPreStopHook PreStopHook failed"));
  });

  test("a postStart hook that fails restarts the container", async () => {
    await using world = await createTestWorld();
    const lifecycle = { postStart: { exec: { command: ["false"] } } };
    await world.run("hook", { containers: [{ ...nginx, lifecycle }] });
    const pod = await world.until("hook", (current) => (statusIn(current, "web")?.restartCount ?? 0) > 0);
    assert.equal(isReady(pod), false);
    const events = await world.events("hook");
    assert.ok(events.includes("Warning FailedPostStartHook PostStartHook failed"));
    assert.ok(events.includes("Normal Killing FailedPostStartHook"));
  });

  test("ends main containers before side-cars, and those in reverse order", async () => {
    await using world = await createTestWorld();
    const side = (name: string) => ({ name, image: "nginx", restartPolicy: "Always" });
    await world.run("order", { initContainers: [side("s1"), side("s2")], containers: [nginx] });
    await world.until("order", isReady);
    await deletePod(world, "order");
    await world.until("order", isGone);
    const killed = (await world.events("order")).filter((line) => line.includes("Killing"));
    assert.deepEqual(
      killed,
      ["web", "s2", "s1"].map((name) => `Normal Killing Stopping container ${name}`),
    );
  });
});

describe("a kubelet that starts again", () => {
  test("takes over what runs, restarts nothing, and carries on with the rest", async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore({ clock });
    const first = await createTestWorld({ clock, store });
    await first.run("web", { containers: [{ ...nginx, readinessProbe: { httpGet: { port: 80 } } }] });
    await first.run("crash", { containers: [{ name: "web", image: "simulate/crash" }] });
    await first.run("job", {
      restartPolicy: "Never",
      containers: [{ name: "web", image: "busybox", command: ["sleep", "30"] }],
    });
    await first.run("done", {
      restartPolicy: "Never",
      containers: [{ name: "web", image: "busybox", command: ["true"] }],
    });
    await first.run("leaving", { containers: [nginx] }, { annotations: { "simulated.knarr.dev/stop-seconds": "10" } });
    for (const name of ["web", "leaving"]) await first.until(name, isReady);
    await first.until("done", is("Succeeded"));
    await first.until("crash", (pod) => statusIn(pod, "web")?.restartCount === 2);
    await deletePod(first, "leaving");
    await first.clock.advance(100);
    const before = { web: await first.pod("web"), crash: await first.pod("crash"), done: await first.pod("done") };
    await first.stop();

    await clock.advance(60_000);
    await using second = await createTestWorld({ clock, store });
    await second.until("leaving", isGone);
    await second.until("job", is("Succeeded"));
    assert.deepEqual(statusIn(await second.pod("web"), "web"), statusIn(before.web, "web"));
    assert.equal((await second.pod("web"))?.status?.podIP, before.web?.status?.podIP);
    assert.deepEqual((await second.pod("done"))?.status, before.done?.status);
    const crash = await second.until("crash", (pod) => (statusIn(pod, "web")?.restartCount ?? 0) > 2);
    assert.equal(statusIn(crash, "web")?.restartCount, 3);
    // Addresses in use are not given out again.
    await second.run("new", { containers: [nginx] });
    const fresh = await second.until("new", isReady);
    assert.notEqual(fresh?.status?.podIP, before.web?.status?.podIP);
  });

  test("removes a pod that was deleted meanwhile", async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore({ clock });
    const first = await createTestWorld({ clock, store });
    await first.run("job", {
      restartPolicy: "Never",
      containers: [{ name: "web", image: "busybox", command: ["true"] }],
    });
    await first.run("web", { containers: [nginx] });
    await first.until("web", isReady);
    await first.until("job", is("Succeeded"));
    await first.stop();
    await deletePod(first, "web");
    await deletePod(first, "job");
    await using second = await createTestWorld({ clock, store });
    await second.until("web", isGone);
    await second.until("job", isGone);
  });
});

test("another image restarts the container in place", async () => {
  await using world = await createTestWorld();
  await world.run("web", { containers: [nginx] });
  await world.until("web", isReady);
  const body = { spec: { containers: [{ name: "web", image: "httpd:2.4" }] } };
  await world.client.patch(PODS, { namespace: "default", name: "web" }, { type: "strategic", body });
  const pod = await world.until("web", (current) => statusIn(current, "web")?.image === "docker.io/library/httpd:2.4");
  assert.equal(statusIn(pod, "web")?.restartCount, 1);
  assert.ok((await world.events("web")).includes("Normal Killing Container web definition changed, will be restarted"));
});

test("times are those of the clock that was handed in", async () => {
  await using world = await createTestWorld();
  await world.run("web", { containers: [nginx] });
  const pod = await world.until("web", isReady);
  assert.ok((pod?.status?.startTime ?? "") <= formatTime(world.clock.now()));
  assert.ok((pod?.status?.startTime ?? "").startsWith("2026-01-01"));
});
