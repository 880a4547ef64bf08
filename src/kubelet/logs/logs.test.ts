import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StatusError, type ContainerState, type ContainerStatus } from "#objects";
import type { LogLine, LogOptions } from "../runtime.ts";
import { container, NOW, podOf } from "../testing/pods.ts";
import { createTestWorld, shown, statusIn } from "../testing/world.ts";
import { renderLog, type LogFormat } from "./render.ts";
import { logSource } from "./source.ts";

const terminated = (containerID?: string) => ({
  terminated: { exitCode: 1, ...(containerID ? { containerID } : {}) },
});
const waiting = (reason?: string) => ({ waiting: reason === undefined ? {} : { reason } });

describe("the run that a log is of", () => {
  const cases: readonly (readonly [
    what: string,
    state: ContainerState,
    last: ContainerState,
    previous: boolean,
    outcome: string,
  ])[] = [
    ["the one that runs", { running: {} }, terminated("c1"), false, "c2"],
    ["the one before", { running: {} }, terminated("c1"), true, "c1"],
    ["there is none before", { running: {} }, {}, true, 'previous terminated container "web" in pod "web" not found'],
    ["the one that ended", terminated("c3"), {}, false, "c3"],
    ["the last one while the next waits", waiting("CrashLoopBackOff"), terminated("c1"), false, "c1"],
    [
      "starting",
      waiting("ContainerCreating"),
      {},
      false,
      'container "web" in pod "web" is waiting to start: ContainerCreating',
    ],
    [
      "pull failed",
      waiting("ErrImagePull"),
      {},
      false,
      'container "web" in pod "web" is waiting to start: image can\'t be pulled',
    ],
    [
      "pull backs off",
      waiting("ImagePullBackOff"),
      {},
      false,
      'container "web" in pod "web" is waiting to start: trying and failing to pull image',
    ],
    ["nothing known", {}, {}, false, 'container "web" in pod "web" is waiting to start - no logs yet'],
    ["ended without a trace", terminated(), {}, false, 'container "web" in pod "web" is terminated'],
  ];
  for (const [what, state, lastState, previous, outcome] of cases) {
    test(`is found, or the refusal says why there is none: ${what}`, () => {
      const status: ContainerStatus = {
        name: "web",
        image: "",
        imageID: "",
        ready: false,
        restartCount: 0,
        containerID: "c2",
        state,
        lastState,
      };
      const pod = podOf({ containers: [container("web")] }, {}, { containerStatuses: [status] });
      let got: string;
      try {
        got = logSource(pod, "web", previous);
      } catch (error) {
        assert.ok(error instanceof StatusError && error.reason === "BadRequest");
        got = error.message;
      }
      assert.equal(got, outcome);
    });
  }

  test("is none while the pod has no status", () => {
    const pod = podOf({ containers: [container("web")] });
    assert.throws(() => logSource(pod, "web", false), { message: 'container "web" in pod "web" is not available' });
  });
});

describe("the text of a log", () => {
  async function* lines(): AsyncGenerator<LogLine> {
    yield { time: NOW, stream: "stdout", text: "one" };
    yield { time: NOW + 1.5, stream: "stderr", text: "zwei é" };
    yield { time: NOW + 2000, stream: "stdout", text: "" };
  }
  const rendered = async (format: Partial<LogFormat>) => {
    const bytes: Uint8Array[] = [];
    for await (const piece of renderLog(lines(), { timestamps: false, ...format })) bytes.push(piece);
    return Buffer.concat(bytes).toString();
  };
  test("is written line by line", async () => assert.equal(await rendered({}), "one\nzwei é\n\n"));
  test("has times before each line when asked", async () =>
    assert.equal(
      await rendered({ timestamps: true }),
      "2026-01-01T00:00:00.000000000Z one\n2026-01-01T00:00:00.001500000Z zwei é\n2026-01-01T00:00:02.000000000Z \n",
    ));
  test("has no newline after a line that is unfinished", async () => {
    const found: string[] = [];
    const line: LogLine = { time: NOW, stream: "stdout", text: "$ ", unfinished: true };
    for await (const piece of renderLog(
      (async function* () {
        yield line;
      })(),
      { timestamps: false },
    ))
      found.push(Buffer.from(piece).toString());
    assert.deepEqual(found, ["$ "]);
  });
  test("ends after the bytes that are asked for, even within a character", async () => {
    assert.equal(await rendered({ limitBytes: 6 }), "one\nzw");
    assert.equal(await rendered({ limitBytes: 4 }), "one\n");
    assert.equal(await rendered({ limitBytes: 1000 }), "one\nzwei é\n\n");
  });
  test("can be that of one stream alone", async () => assert.equal(await rendered({ stream: "stderr" }), "zwei é\n"));
});

describe("a simulated container's log", () => {
  const ticking = {
    name: "web",
    image: "busybox",
    command: ["sh", "-c", "echo up; while true; do echo tick; sleep 10; done"],
  };
  const follow = (options: Partial<LogOptions> = {}): LogOptions & { previous: boolean } => ({
    follow: false,
    previous: false,
    signal: new AbortController().signal,
    ...options,
  });

  test("is read whole, from the end or since a time, and is followed until it ends", async () => {
    await using world = await createTestWorld();
    await world.run("web", { containers: [ticking] });
    const pod = (await world.until("web", (current) => shown(current, "web") === "running"))!;
    const kubelet = world.nodes.kubelets.get("knarr-1")!;
    await world.clock.advance(25_000);
    const read = async (options: Partial<LogOptions>) => {
      const texts: string[] = [];
      for await (const { text } of kubelet.logs(pod, "web", follow(options))) texts.push(text);
      return texts;
    };
    assert.deepEqual(await read({}), ["up", "tick", "tick", "tick"]);
    assert.deepEqual(await read({ tailLines: 2 }), ["tick", "tick"]);
    assert.deepEqual(await read({ tailLines: 0 }), []);
    assert.deepEqual(await read({ since: world.clock.now() - 10_000 }), ["tick"]);

    const seen: string[] = [];
    const reading = (async () => {
      for await (const { text } of kubelet.logs(pod, "web", follow({ follow: true, tailLines: 1 }))) seen.push(text);
    })();
    await world.clock.advance(20_000);
    assert.deepEqual(seen, ["tick", "tick", "tick"]);
    const timers = world.clock.pending;
    await kubelet.logs(pod, "web", follow())[Symbol.asyncIterator]().next();
    assert.equal(world.clock.pending, timers, "reading leaves no timer");
    await world.client.delete(
      { group: "", version: "v1", resource: "pods", kind: "Pod", namespaced: true },
      { namespace: "default", name: "web" },
    );
    await world.clock.advance(1000);
    await reading;
  });

  test("holds nothing once a reader that followed it goes away", async () => {
    await using world = await createTestWorld();
    await world.run("web", { containers: [ticking] });
    const pod = (await world.until("web", (current) => shown(current, "web") === "running"))!;
    await world.clock.advance(1000);
    const before = world.clock.pending;
    const abort = new AbortController();
    const reading = (async () => {
      for await (const _ of world.nodes.kubelets
        .get("knarr-1")!
        .logs(pod, "web", follow({ follow: true, signal: abort.signal })));
    })();
    await world.clock.advance(100);
    assert.equal(world.clock.pending, before + 1);
    abort.abort();
    await reading;
    assert.equal(world.clock.pending, before);
  });

  test("can be read of the previous run, and not of the one before that", async () => {
    await using world = await createTestWorld();
    await world.run("crash", {
      containers: [
        {
          name: "web",
          image: "busybox",
          command: ["sh", "-c", "echo last words; exit 1"],
          terminationMessagePolicy: "FallbackToLogsOnError",
        },
      ],
    });
    const pod = (await world.until("crash", (current) => statusIn(current, "web")?.restartCount === 2))!;
    const texts: string[] = [];
    const kubelet = world.nodes.kubelets.get("knarr-1")!;
    for await (const { text } of kubelet.logs(pod, "web", { ...follow(), previous: true })) texts.push(text);
    assert.deepEqual(texts, ["last words"]);
    assert.equal(statusIn(pod, "web")?.lastState?.terminated?.message, "last words\n");
  });
});
