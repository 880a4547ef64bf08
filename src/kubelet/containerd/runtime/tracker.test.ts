import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import grpc from "@grpc/grpc-js";
import { createScope, createVirtualClock, silentLog } from "#base";
import type { Cri } from "../cri/services.ts";
import { createTracker } from "./tracker.ts";

/** A field of a message: texts and messages in messages alike. */
const field = (number: number, value: Uint8Array | string) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
};

/** What containerd tells of the end of a container's own process. */
const exitOf = (id: string) =>
  Buffer.concat([
    field(3, "/tasks/exit"),
    field(4, Buffer.concat([field(1, "type"), field(2, Buffer.concat([field(1, id), field(2, id)]))])),
  ]);

/** A containerd that tells what the test has it tell. */
async function startEvents(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "knarr-tracker-"));
  const socket = join(folder, "s.sock");
  const server = new grpc.Server();
  const subscribed = Promise.withResolvers<(event: Buffer) => void>();
  const identity = (bytes: Buffer) => bytes;
  const subscribe = {
    path: "/containerd.services.events.v1.Events/Subscribe",
    requestStream: false as const,
    responseStream: true as const,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  server.addService(
    { subscribe },
    {
      subscribe: (call: grpc.ServerWritableStream<Buffer, Buffer>) =>
        subscribed.resolve((event) => void call.write(event)),
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  t.after(async () => {
    server.forceShutdown();
    await rm(folder, { recursive: true });
  });
  return { socket, subscribed: subscribed.promise };
}

test("an end that is told of while the container is being looked at is noticed at once", async (t) => {
  const { socket, subscribed } = await startEvents(t);
  const clock = createVirtualClock();
  const scope = createScope("test");
  t.after(() => scope.close());
  const looking = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  let looks = 0;
  const call = async (name: string) => {
    switch (name) {
      case "RuntimeService.ListContainers":
        return { containers: [] };
      case "RuntimeService.ListPodSandbox":
        return { items: [{ id: "s", state: "SANDBOX_READY" }] };
      case "RuntimeService.PodSandboxStatus":
        told.resolve();
        return { status: { state: "SANDBOX_READY" } };
      case "RuntimeService.ContainerStatus": {
        const state = ++looks > 2 ? "CONTAINER_EXITED" : "CONTAINER_RUNNING";
        looking.resolve();
        await answer.promise;
        return { status: { state, exitCode: 3 } };
      }
      default:
        throw new Error(`asked for ${name}`);
    }
  };
  const tracker = createTracker({
    cri: { call } as unknown as Cri,
    socket,
    clock,
    log: silentLog,
    scope,
    exitOf: async (status, id) => ({
      id,
      exitCode: status?.exitCode ?? -1,
      reason: "Error",
      startedAt: 0,
      finishedAt: 0,
    }),
    onRelist: () => {},
  });
  const { exited } = tracker.track({ id: "c", sandboxId: "s", podUid: "u", name: "web", logPath: "/none" });
  void tracker.trackSandbox("s", []);
  const tell = await subscribed;
  // Not in the list of those that run: it is looked at once, and runs by then.
  await clock.advance(1000);
  await looking.promise;
  tell(exitOf("c"));
  // Events come in order.
  tell(exitOf("s"));
  await told.promise;
  answer.resolve();
  let exitCode: number | undefined;
  void exited.then((exit) => (exitCode = exit.exitCode));
  await clock.runUntil(() => exitCode !== undefined, 1000);
  assert.equal(exitCode, 3);
});
