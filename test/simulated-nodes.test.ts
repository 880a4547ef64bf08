import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ContainerStatus, Pod } from "#objects";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";
import { watching } from "./support/watching.ts";

/** Each entry of docs/simulated-nodes.md. */
describe("simulated containers behave as their annotations say (F6)", { concurrency: 4 }, () => {
  let cluster: ClusterUnderTest;
  let kubectl: Kubectl;
  before(async () => {
    cluster = await startUnderTest({ nodes: 2 });
    kubectl = cluster.kubectl;
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  interface Options {
    readonly image?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly container?: object;
    readonly spec?: object;
  }
  const create = (name: string, { image = "nginx", annotations = {}, container = {}, spec = {} }: Options) =>
    kubectl.apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          name,
          annotations: Object.fromEntries(
            Object.entries(annotations).map(([key, value]) => [`simulated.knarr.dev/${key}`, value]),
          ),
        },
        spec: { containers: [{ name: "web", image, ...container }], ...spec },
      }),
    );
  const until = (name: string, what: string, holds: (status: ContainerStatus, pod: Pod) => boolean) =>
    eventually(`${name}: ${what}`, async () => {
      const pod = await kubectl.json<Pod>("pod", name);
      const [status] = pod.status?.containerStatuses ?? [];
      return status && holds(status, pod) && status;
    });
  const waiting = (reason: string) => (status: ContainerStatus) => status.state?.waiting?.reason === reason;
  const neverReady = async (name: string) => {
    await until(name, "running", ({ state, ready }) => state?.running !== undefined && !ready);
    const { stderr } = await kubectl.try(["wait", `pod/${name}`, "--for=condition=Ready", "--timeout=1s"]);
    assert.match(stderr, /timed out/);
  };
  const secondsRunning = ({ state }: ContainerStatus) =>
    (Date.parse(state!.terminated!.finishedAt!) - Date.parse(state!.terminated!.startedAt!)) / 1000;
  const never = { restartPolicy: "Never" };

  const pulls: readonly (readonly [name: string, options: Options])[] = [
    ["fail-pull", { annotations: { fail: "pull" } }],
    ["image-unpullable", { image: "simulate/unpullable" }],
    ["image-missing", { image: "nginx:no-such-tag" }],
  ];
  for (const [name, options] of pulls) {
    it(`${name}: cannot be pulled`, async () => {
      await create(name, options);
      await until(name, "backs off", waiting("ImagePullBackOff"));
    });
  }

  const exits: readonly (readonly [name: string, options: Options, code: number, seconds: number])[] = [
    ["fail-crash", { annotations: { fail: "crash" } }, 1, 0],
    ["exit-code", { annotations: { "exit-code": "7" } }, 7, 0],
    ["exit-after", { annotations: { "exit-after-seconds": "2" } }, 0, 2],
    ["exit-both", { annotations: { "exit-after-seconds.web": "1", "exit-code.web": "9", "exit-code": "1" } }, 9, 1],
    ["image-crash", { image: "simulate/crash:3" }, 3, 0],
    ["image-exit", { image: "simulate/exit" }, 0, 0],
    ["image-shell", { image: "alpine:3" }, 0, 0],
    ["command-false", { image: "busybox", container: { command: ["false"] } }, 1, 0],
    ["task", { image: "example.com/report:1" }, 0, 4],
    ["task-annotated", { image: "example.com/report:1", annotations: { "exit-code": "5" } }, 5, 0],
    ["command-script", { image: "busybox", container: { args: ["sh", "-c", "sleep 1 && exit 4"] } }, 4, 1],
  ];
  for (const [name, options, code, seconds] of exits) {
    it(`${name}: exits with ${code} after ${seconds} s or so`, async () => {
      await create(name, { ...options, spec: never });
      const status = await until(name, "ended", ({ state }) => state?.terminated !== undefined);
      assert.equal(status.state!.terminated!.exitCode, code);
      assert.equal(status.state!.terminated!.reason, code === 0 ? "Completed" : "Error");
      assert.ok(secondsRunning(status) >= seconds);
      assert.equal(
        await kubectl("get", "pod", name, "-o=jsonpath={.status.phase}"),
        code === 0 ? "Succeeded" : "Failed",
      );
    });
  }

  it("a crash that goes on is a CrashLoopBackOff", async () => {
    await create("loop", { image: "simulate/crash" });
    const status = await until("loop", "backs off", (one) => waiting("CrashLoopBackOff")(one) && one.restartCount >= 1);
    assert.equal(status.lastState?.terminated?.exitCode, 1);
    // Whenever a back-off is over it runs again.
    await eventually("get to say so", async () =>
      /0\/1 +CrashLoopBackOff +\d/.test(await kubectl("get", "pod", "loop")),
    );
    assert.match(await kubectl("logs", "loop", "--previous"), /exit code 1/);
  });

  it("an init container that waits for another service ends, and the Pod gets ready", async () => {
    const command = ["sh", "-c", "until wget -q -O- http://db:5432; do sleep 2; done"];
    await create("waits", { spec: { initContainers: [{ name: "wait", image: "busybox", command }] } });
    await kubectl("wait", "pod/waits", "--for=condition=Ready", "--timeout=120s");
    assert.match(await kubectl("logs", "waits", "-c", "wait"), /busybox has done its work/);
  });

  it("a server of restart policy Never goes on, and so does what is never to end", async () => {
    const names = ["server-once", "endless"];
    await create(names[0]!, { spec: never });
    await create(names[1]!, { image: "app:1", annotations: { "exit-after-seconds": "never" }, spec: never });
    // Longer than a task takes.
    await create("task-beside", { image: "app:1", spec: never });
    for (const name of names) await kubectl("wait", `pod/${name}`, "--for=condition=Ready", "--timeout=120s");
    await kubectl("wait", "pod/task-beside", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s");
    for (const name of names)
      assert.equal(await kubectl("get", "pod", name, "-o=jsonpath={.status.phase}"), "Running", name);
  });

  for (const [name, options] of [
    ["fail-never-ready", { annotations: { fail: "never-ready" } }],
    ["image-never-ready", { image: "simulate/never-ready" }],
  ] as const) {
    it(`${name}: runs, never ready`, async () => {
      await create(name, options);
      await neverReady(name);
    });
  }

  for (const [name, options, seconds] of [
    ["ready-seconds", { annotations: { "ready-seconds": "2" } }, 2],
    ["image-slow", { image: "simulate/slow:2" }, 2],
  ] as const) {
    it(`${name}: ready after ${seconds} s, and not much later`, async () => {
      await create(name, options);
      await kubectl("wait", `pod/${name}`, "--for=condition=Ready", "--timeout=120s");
      const { status } = await kubectl.json<Pod>("pod", name);
      const readyAt = Date.parse(status!.conditions!.find(({ type }) => type === "Ready")!.lastTransitionTime!);
      const started = Date.parse(status!.containerStatuses![0]!.state!.running!.startedAt!);
      // Timestamps tell whole seconds.
      assert.ok(
        readyAt - started >= (seconds - 1) * 1000 && readyAt - started <= (seconds + 4) * 1000,
        `${readyAt - started} ms`,
      );
    });
  }

  it("unhealthy: fails its liveness probe and is restarted", async () => {
    const livenessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 };
    await create("unhealthy", { annotations: { fail: "unhealthy" }, container: { livenessProbe } });
    await until("unhealthy", "restarted", ({ restartCount }) => restartCount >= 1);
    await eventually("the Event", async () =>
      /Unhealthy +.*Liveness probe failed/.test(await kubectl("describe", "pod", "unhealthy")),
    );
  });

  it("pull-seconds and start-seconds: takes its time", async () => {
    await create("late", { image: "late-image:1", annotations: { "pull-seconds": "1.5", "start-seconds": "1.5" } });
    await kubectl("wait", "pod/late", "--for=condition=Ready", "--timeout=120s");
    const { status } = await kubectl.json<Pod>("pod", "late");
    const took = Date.parse(status!.containerStatuses![0]!.state!.running!.startedAt!) - Date.parse(status!.startTime!);
    assert.ok(took >= 2000, `${took} ms`);
  });

  it("stop-seconds and ignore-term: end in time, or are killed", async () => {
    const terminationGracePeriodSeconds = 2;
    await create("slow-stop", { annotations: { "stop-seconds": "1" }, spec: { terminationGracePeriodSeconds: 30 } });
    await create("stubborn", { annotations: { fail: "ignore-term" }, spec: { terminationGracePeriodSeconds } });
    await kubectl("wait", "pod/slow-stop", "pod/stubborn", "--for=condition=Ready", "--timeout=120s");
    const began = performance.now();
    await kubectl("delete", "pod", "slow-stop", "--timeout=120s");
    assert.ok(performance.now() - began >= 900);
    await kubectl("delete", "pod", "stubborn", "--timeout=120s");
    assert.ok(performance.now() - began >= 2900);
  });

  for (const [name, options, end] of [
    ["server-stops", {}, "Succeeded 0 Completed"],
    ["shell-stops", { image: "busybox", container: { command: ["sleep", "1000"] } }, "Failed 143 Error"],
    [
      "handler-stops",
      { image: "busybox", container: { command: ["sleep", "1000"] }, annotations: { "stop-seconds": "0.2" } },
      "Succeeded 0 Completed",
    ],
  ] as const) {
    it(`${name}: a Pod that is deleted ends with ${end}`, async () => {
      await create(name, options);
      await kubectl("wait", `pod/${name}`, "--for=condition=Ready", "--timeout=120s");
      const ended = "{.status.containerStatuses[0].state.terminated.exitCode}";
      const reason = "{.status.containerStatuses[0].state.terminated.reason}";
      const output = `jsonpath={.status.phase} ${ended} ${reason}{"\\n"}`;
      await using watched = watching(kubectl, "get", "pod", name, "--watch", "-o", output);
      await watched.shows("a Pod that runs", (printed) => printed.startsWith("Running"));
      await kubectl("delete", "pod", name, "--timeout=120s");
      const printed = await watched.shows("the end", (text) => /^(Succeeded|Failed) \d/m.test(text));
      assert.ok(printed.includes(`${end}\n`), printed);
    });
  }

  it("echoes into the log, in a loop for ever", async () => {
    const command = ["sh", "-c", "echo start; while true; do echo tick; sleep 1; done"];
    await create("ticker", { image: "busybox", container: { command } });
    await eventually("three lines", async () => (await kubectl("logs", "ticker")).startsWith("start\ntick\ntick\n"));
    assert.match(await kubectl("logs", "ticker", "--timestamps", "--tail=1"), /^20\d\d-\S+Z tick\n$/);
    await using followed = watching(kubectl, "logs", "-f", "ticker", "--tail=1");
    await followed.shows("the last line", (printed) => printed.startsWith("tick\n"));
    await kubectl("delete", "pod", "ticker", "--wait=false");
    assert.equal((await followed.over).code, 0);
  });

  it("says what it is", async () => {
    await create("server", {});
    await kubectl("wait", "pod/server", "--for=condition=Ready", "--timeout=120s");
    assert.match(await kubectl("logs", "server"), /^\[simulated\] container web of image nginx/);
    for (const args of [
      ["exec", "server", "--", "ls"],
      ["port-forward", "server", "0:80"],
    ]) {
      const { code, stderr } = await kubectl.try(args);
      assert.notEqual(code, 0);
      assert.match(stderr, /simulated/);
    }
  });
});
