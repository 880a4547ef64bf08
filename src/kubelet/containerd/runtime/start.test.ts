import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRandom, createScope, silentLog, systemClock } from "#base";
import { RuntimeError } from "#kubelet";
import { GrpcError } from "#wire/grpc";
import type { Cri } from "../cri/services.ts";
import { podOf } from "../testing/world.ts";
import type { RuntimeContext } from "./context.ts";
import { startContainer } from "./start.ts";

const GONE = new GrpcError("Unavailable", "connection closed");

/** Starts a container with a containerd that ends when it is asked `endsAt`; what was asked, and who is followed. */
async function start(endsAt: string) {
  const rootDir = await mkdtemp(join(tmpdir(), "knarr-start-"));
  const scope = createScope("test");
  const asked: string[] = [];
  const followed = new Set<string>();
  const call = (name: string) => {
    asked.push(name.replace("RuntimeService.", ""));
    if (asked.at(-1) === endsAt) return Promise.reject(GONE);
    return Promise.resolve(name.endsWith("CreateContainer") ? { containerId: "abc" } : {});
  };
  const context = {
    cri: { call } as unknown as Cri,
    tracker: {
      track: (container: { readonly id: string }) => {
        followed.add(container.id);
        return { ...container, exited: new Promise(() => {}) };
      },
      forget: (id: string) => followed.delete(id),
    },
    options: {
      rootDir,
      logDir: join(rootDir, "logs"),
      socket: "/none",
      clock: systemClock,
      random: createRandom(1),
      log: silentLog,
      scope,
      nodeIps: ["192.0.2.1"],
      clusterDns: [],
      clusterDomain: "cluster.local",
    },
    mountsImages: true,
  } as unknown as RuntimeContext;
  const images = { describe: () => Promise.resolve({ id: "sha256:1", user: { uid: 0 } }) };
  const facts = { memoryBytes: 1 << 30, hugePageSizes: [], maskedPaths: [] };
  const pod = podOf();
  const container = pod.spec!.containers[0]!;
  const sandbox = { id: "s", ips: ["10.244.0.2"], lost: new Promise<void>(() => {}) };
  const process = { command: [], args: [], env: [], mounts: [] };
  try {
    const request = { pod, sandbox, container, attempt: 0, process };
    const outcome = await startContainer(request, context, images as never, facts).catch((error: unknown) => error);
    return { outcome, asked, followed: [...followed] };
  } finally {
    await rm(rootDir, { recursive: true });
    await scope.close();
  }
}

describe("a container that is started while containerd ends", () => {
  it("runs, though its details cannot be read any more", async () => {
    const { outcome, asked, followed } = await start("ContainerStatus");
    assert.deepEqual(asked, ["CreateContainer", "StartContainer", "ContainerStatus"]);
    assert.equal((outcome as { id: string }).id, "containerd://abc");
    assert.deepEqual(followed, ["abc"]);
  });

  it("is not followed when it is not known to run, so that it can be made again", async () => {
    const { outcome, followed } = await start("StartContainer");
    assert.ok(outcome instanceof RuntimeError);
    assert.deepEqual([outcome.reason, outcome.message, followed], ["RunContainerError", GONE.message, []]);
  });
});
