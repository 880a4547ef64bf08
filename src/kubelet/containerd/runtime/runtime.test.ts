import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "#base";
import { GrpcError } from "#wire/grpc";
import type { ContainerStatus } from "../cri/messages.ts";
import { decodeEvent } from "../events/messages.ts";
import { exitOf } from "./exit.ts";
import { pullError } from "./images.ts";

describe("a failed pull", () => {
  const cases: readonly (readonly [readonly unknown[], string, string])[] = [
    [[new GrpcError("Unknown", "failed to pull")], "ErrImagePull", "failed to pull"],
    [[new GrpcError("NotFound", "no")], "ErrImagePull", "rpc error: code = NotFound desc = no"],
    [
      [new GrpcError("Unknown", "a"), new GrpcError("Unknown", "b"), new GrpcError("Unknown", "a")],
      "ErrImagePull",
      "[a, b]",
    ],
    [
      [new GrpcError("Unknown", "RegistryUnavailable: it is away")],
      "RegistryUnavailable",
      "image pull failed for nginx:1 because the registry is unavailable: it is away",
    ],
  ];
  for (const [failures, reason, message] of cases) {
    it(`has the reason and words of the failure: ${message}`, () => {
      const error = pullError("nginx:1", failures);
      assert.deepEqual([error.reason, error.message], [reason, message]);
    });
  }
});

describe("containerd's events", () => {
  const text = (number: number, value: string) => [(number << 3) | 2, value.length, ...Buffer.from(value)];
  const of = (topic: string, ...bytes: readonly number[][]) => ({
    topic,
    event: { value: Uint8Array.from(bytes.flat()) },
  });

  it("tell of the ends of containers, and of want of memory", () => {
    const exit = of("/tasks/exit", text(1, "abc"), text(2, "abc"), [0x18, 5]);
    assert.deepEqual(decodeEvent(exit), { type: "exit", containerId: "abc" });
    assert.deepEqual(decodeEvent(of("/tasks/oom", text(1, "abc"))), { type: "oom", containerId: "abc" });
  });

  it("of other processes do not matter", () => {
    assert.equal(decodeEvent(of("/tasks/exit", text(1, "abc"), text(2, "exec-1"))), undefined);
    assert.equal(decodeEvent(of("/tasks/start", text(1, "abc"))), undefined);
    assert.equal(decodeEvent({ topic: "/tasks/exit", event: null }), undefined);
  });
});

describe("the way a container ended", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "knarr-exit-"));
    await writeFile(join(folder, "message"), "m".repeat(5000));
    await writeFile(join(folder, "empty"), "");
    const lines = Array.from({ length: 100 }, (_, i) => `2026-01-01T00:00:00Z stdout F line ${i} ${"x".repeat(10)}\n`);
    await writeFile(join(folder, "log"), lines.join(""));
  });
  after(() => rm(folder, { recursive: true }));

  const statusOf = (change: Partial<ContainerStatus>, policy = "File", file = "empty"): ContainerStatus => ({
    id: "abc",
    metadata: null,
    state: "CONTAINER_EXITED",
    createdAt: 1e15,
    startedAt: 2e15,
    finishedAt: 3e15,
    exitCode: 0,
    image: null,
    imageRef: "",
    reason: "",
    message: "",
    labels: {},
    annotations: {
      "io.kubernetes.container.terminationMessagePath": "/dev/termination-log",
      "io.kubernetes.container.terminationMessagePolicy": policy,
    },
    mounts: [
      {
        containerPath: "/dev/termination-log",
        hostPath: join(folder, file),
        readonly: false,
        selinuxRelabel: false,
        propagation: "PROPAGATION_PRIVATE",
        uidMappings: [],
        gidMappings: [],
        recursiveReadOnly: false,
        image: null,
        imageSubPath: "",
      },
    ],
    logPath: join(folder, "log"),
    resources: null,
    imageId: "",
    user: null,
    stopSignal: "RUNTIME_DEFAULT",
    ...change,
  });
  const look = (status: ContainerStatus | undefined, oom = false) => exitOf(status, "abc", oom, systemClock);

  it("is success, an error, or want of memory", async () => {
    assert.deepEqual(await look(statusOf({})), {
      id: "containerd://abc",
      exitCode: 0,
      reason: "Completed",
      startedAt: 2e9,
      finishedAt: 3e9,
    });
    assert.equal((await look(statusOf({ exitCode: 1 }))).reason, "Error");
    assert.equal((await look(statusOf({ exitCode: 137, reason: "Error" }), true)).reason, "OOMKilled");
    assert.equal((await look(statusOf({ exitCode: 0, reason: "Completed" }), true)).reason, "Completed");
    assert.equal((await look(statusOf({ exitCode: 137, reason: "OOMKilled" }))).reason, "OOMKilled");
  });

  it("comes with its last words, as much as upstream shows", async () => {
    assert.equal((await look(statusOf({}, "File", "message"))).message, "m".repeat(4096));
    assert.equal((await look(statusOf({ exitCode: 1 }, "File"))).message, undefined);
    const { message = "" } = await look(statusOf({ exitCode: 1 }, "FallbackToLogsOnError"));
    assert.ok(
      message.endsWith("line 99 xxxxxxxxxx\n") && message.length <= 2048 && !message.includes("line 19 "),
      message,
    );
    assert.equal((await look(statusOf({ exitCode: 0 }, "FallbackToLogsOnError"))).message, undefined);
    const failed = statusOf({ exitCode: 128, reason: "StartError", message: "no such file" }, "FallbackToLogsOnError");
    assert.equal((await look(failed)).message, "no such file");
    assert.equal((await look(statusOf({ exitCode: 1 }, "File", "nowhere"))).message, undefined);
  });

  it("is ContainerStatusUnknown when it was not observed", async () => {
    const { exitCode, reason } = await look(undefined);
    assert.deepEqual({ exitCode, reason }, { exitCode: 137, reason: "ContainerStatusUnknown" });
  });
});
