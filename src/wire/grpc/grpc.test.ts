import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import { systemClock } from "#base";
import { createCodec } from "./codec.ts";
import { GrpcError, openGrpc, type GrpcClient } from "./index.ts";

const TABLE = [
  "rpc Echo.Say Saying Saying",
  "rpc Echo.Fail Saying Saying",
  "rpc Echo.Never Saying Saying",
  "rpc Echo.Count Saying Saying",
  "enum Mood CALM=0 LOUD=1",
  "Part name:1:string",
  "Saying text:1:string times:2:int64 moods:3:[]Mood part:4:Part labels:5:{}string raw:6:bytes parts:7:[]Part",
];

interface Saying {
  readonly text: string;
  readonly times: number;
  readonly moods: readonly ("CALM" | "LOUD")[];
  readonly part: { readonly name: string } | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly raw: Uint8Array;
  readonly parts: readonly { readonly name: string }[];
}

type Method = readonly [Saying, Saying];
interface Methods {
  readonly "Echo.Say": Method;
  readonly "Echo.Fail": Method;
  readonly "Echo.Never": Method;
  readonly "Echo.Count": Method;
}

/** Echoes its input. */
async function startServer(socket: string) {
  const saying = createCodec(TABLE).message("Saying");
  const seen: { metadata: string[]; cancelled: number } = { metadata: [], cancelled: 0 };
  const definition = (name: string, responseStream = false) => ({
    path: `/test.v1.Echo/${name}`,
    requestStream: false as const,
    responseStream,
    requestSerialize: saying.encode,
    requestDeserialize: saying.decode,
    responseSerialize: saying.encode,
    responseDeserialize: saying.decode,
  });
  const server = new grpc.Server();
  server.addService(
    { Say: definition("Say"), Fail: definition("Fail"), Never: definition("Never"), Count: definition("Count", true) },
    {
      Say(call: grpc.ServerUnaryCall<object, object>, answer: grpc.sendUnaryData<object>) {
        seen.metadata = call.metadata.get("who").map(String);
        answer(null, call.request);
      },
      Fail: (_: unknown, answer: grpc.sendUnaryData<object>) =>
        answer({ code: grpc.status.NOT_FOUND, details: "no such thing" }),
      Never(call: grpc.ServerUnaryCall<object, object>) {
        call.on("cancelled", () => seen.cancelled++);
      },
      Count(call: grpc.ServerWritableStream<Saying, object>) {
        call.on("cancelled", () => seen.cancelled++);
        for (let i = 1; i <= call.request.times; i++) call.write({ times: i });
        if (call.request.times < 100) call.end();
      },
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return { server, seen };
}

const EMPTY: Saying = { text: "", times: 0, moods: [], part: null, labels: {}, raw: Buffer.alloc(0), parts: [] };

describe("gRPC", () => {
  let folder: string;
  let socket: string;
  let world: Awaited<ReturnType<typeof startServer>>;
  let client: GrpcClient<Methods>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "knarr-grpc-"));
    socket = join(folder, "s.sock");
    world = await startServer(socket);
    client = await openGrpc<Methods>({
      address: socket,
      package: "test.v1",
      table: TABLE,
      metadata: { who: "me" },
      clock: systemClock,
    });
  });
  after(async () => {
    client.close();
    world.server.forceShutdown();
    await rm(folder, { recursive: true });
  });

  it("sends and receives every kind of field, and zeros for what was not sent", async () => {
    const message: Saying = {
      text: "grüß dich",
      times: 2 ** 53 - 1,
      moods: ["LOUD", "CALM"],
      part: { name: "p" },
      labels: { a: "b", __proto: "x" },
      raw: Buffer.from([0, 255]),
      parts: [{ name: "q" }, { name: "" }],
    };
    assert.deepEqual(await client.call("Echo.Say", message), message);
    assert.deepEqual(await client.call("Echo.Say", {}), EMPTY);
    assert.equal((await client.call("Echo.Say", { times: -5 })).times, -5);
    assert.deepEqual(world.seen.metadata, ["me"]);
  });

  it("rejects with the server's code and words", async () => {
    await assert.rejects(client.call("Echo.Fail", {}), (error) => {
      assert.ok(error instanceof GrpcError);
      assert.deepEqual([error.code, error.message], ["NotFound", "no such thing"]);
      assert.equal(error.text, "rpc error: code = NotFound desc = no such thing");
      return true;
    });
  });

  it("gives up after the deadline, and when the caller aborts", async () => {
    await assert.rejects(client.call("Echo.Never", {}, { timeoutMs: 20 }), { code: "DeadlineExceeded" });
    const controller = new AbortController();
    const call = client.call("Echo.Never", {}, { signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(call, reason);
    await assert.rejects(client.call("Echo.Say", {}, { signal: controller.signal }), reason);
  });

  it("streams until the caller aborts", async () => {
    const counted: number[] = [];
    for await (const { times } of client.stream("Echo.Count", { times: 3 })) counted.push(times);
    assert.deepEqual(counted, [1, 2, 3]);
    const controller = new AbortController();
    const reason = new Error("enough");
    await assert.rejects(async () => {
      for await (const { times } of client.stream("Echo.Count", { times: 100 }, { signal: controller.signal }))
        if (times === 100) controller.abort(reason);
    }, reason);
    const before = world.seen.cancelled;
    for await (const { times } of client.stream("Echo.Count", { times: 100 })) if (times === 2) break;
    while (world.seen.cancelled === before) await wait(1);
  });

  it("fails at once without a server, and works again when there is one", async () => {
    world.server.forceShutdown();
    await assert.rejects(client.call("Echo.Say", {}), { code: "Unavailable" });
    await rm(socket, { force: true });
    world = await startServer(socket);
    let answer: Saying | undefined;
    while (!answer) answer = await client.call("Echo.Say", { text: "again" }).catch(() => wait(20, undefined));
    assert.equal(answer.text, "again");
  });
});
