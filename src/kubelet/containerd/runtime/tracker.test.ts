import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import grpc from "@grpc/grpc-js";
import { createScope, createVirtualClock, silentLog, type VirtualClock } from "#base";
import type { Cri } from "../cri/services.ts";
import type { Tracked } from "./container-ends.ts";
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

type Answers = (name: string) => Promise<object>;

/** A tracker on a containerd that answers like this; `tell` resolves once all told before has been heard. */
async function startTracker(t: TestContext, answers: Answers) {
  const { socket, subscribed } = await startEvents(t);
  const clock = createVirtualClock();
  const scope = createScope("test");
  t.after(() => scope.close());
  let heard = Promise.withResolvers<void>();
  const call = async (name: string) => {
    switch (name) {
      case "RuntimeService.ListContainers":
        return { containers: [] };
      case "RuntimeService.ListPodSandbox":
        return { items: [{ id: "heard", state: "SANDBOX_READY" }] };
      case "RuntimeService.PodSandboxStatus":
        heard.resolve();
        return { status: { state: "SANDBOX_READY" } };
      default:
        return answers(name);
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
  void tracker.trackSandbox("heard", []);
  const write = await subscribed;
  return {
    clock,
    track: () => tracker.track({ id: "c", sandboxId: "s", podUid: "u", name: "web", logPath: "/none" }),
    async tell(event: Buffer) {
      heard = Promise.withResolvers<void>();
      write(event);
      // Events come in order.
      write(exitOf("heard"));
      await heard.promise;
    },
  };
}

/** Sooner than all containers are looked at again. */
async function endsSoon(clock: VirtualClock, { exited }: Tracked): Promise<number> {
  let exitCode: number | undefined;
  void exited.then((exit) => (exitCode = exit.exitCode));
  await clock.runUntil(() => exitCode !== undefined, 1000);
  return exitCode ?? -1;
}

test("an exit event that arrives while the container is being inspected is noticed at once", async (t) => {
  const looking = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  let looks = 0;
  const world = await startTracker(t, async () => {
    const state = ++looks > 2 ? "CONTAINER_EXITED" : "CONTAINER_RUNNING";
    looking.resolve();
    await answer.promise;
    return { status: { state, exitCode: 3 } };
  });
  const tracked = world.track();
  // Not in the list of those that run: it is looked at once, and runs by then.
  await world.clock.advance(1000);
  await looking.promise;
  await world.tell(exitOf("c"));
  answer.resolve();
  assert.equal(await endsSoon(world.clock, tracked), 3);
});

test("an exit event that arrives before the container is tracked is noticed at once", async (t) => {
  const world = await startTracker(t, async () => ({ status: { state: "CONTAINER_EXITED", exitCode: 3 } }));
  // All are looked at once soon after the start.
  await world.clock.advance(1000);
  await world.tell(exitOf("c"));
  assert.equal(await endsSoon(world.clock, world.track()), 3);
});
