import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createVirtualClock, systemClock } from "#base";
import { WebSocket } from "ws";
import { createSpdySession } from "../spdy/session.ts";
import { StreamGone, type DuplexBytes } from "../streams/contract.ts";
import { ByteQueue } from "../streams/byte-queue.ts";
import { collect, connectionPair } from "../streams/testing/pipe.ts";
import { upgradingServer } from "../streams/testing/upgrading-server.ts";
import { acceptPortForward } from "./accept.ts";
import type { ForwardTarget } from "./contract.ts";
import { servePortForward } from "./spdy.ts";

/** Ports that say back what they hear; port 1 is closed. */
function echoes(): ForwardTarget & { open: number } {
  const target = {
    open: 0,
    async connect(port: number): Promise<DuplexBytes> {
      if (port === 1) throw new Error("connection refused");
      target.open += 1;
      const queue = new ByteQueue(1024);
      let closed = false;
      return {
        input: queue,
        async write(bytes) {
          if (closed) throw new StreamGone();
          await queue.push(bytes);
        },
        end: async () => queue.end(),
        close() {
          if (!closed) target.open -= 1;
          closed = true;
          queue.end();
        },
      };
    },
    describe: (port: number, message: string) => `port ${port}: ${message}`,
  };
  return target;
}

function serving() {
  const clock = createVirtualClock();
  const [here, there] = connectionPair();
  const target = echoes();
  const served = servePortForward(there, target, clock);
  const client = createSpdySession(here, { role: "client", clock });
  const open = (streamtype: string, port: string, requestid?: string) =>
    client.open(new Map(Object.entries({ streamtype, port, ...(requestid === undefined ? {} : { requestid }) })));
  return { clock, target, served, client, open };
}

test("pairs of streams are distinguished by their request ids, or without one by their stream ids", async () => {
  const { target, served, client, open } = serving();
  const [errorOne, errorTwo] = [await open("error", "80", "1"), await open("error", "81", "2")];
  const [two, one] = [await open("data", "81", "2"), await open("data", "80", "1")];
  const old = { error: await open("error", "80"), data: await open("data", "80") };
  for (const [data, error, words] of [
    [one, errorOne, "one"],
    [two, errorTwo, "two"],
    [old.data, old.error, "old"],
  ] as const) {
    await error.end();
    await data.write(Buffer.from(words));
    await data.end();
    assert.equal((await collect(data.input)).toString(), words);
    assert.equal((await collect(error.input)).toString(), "");
  }
  await client.close();
  await served;
  assert.equal(target.open, 0);
});

test("a failure is reported on the error stream alone", async () => {
  const { client, open } = serving();
  const error = await open("error", "1", "0");
  const data = await open("data", "1", "0");
  assert.equal((await collect(error.input)).toString(), "port 1: connection refused");
  assert.equal((await collect(data.input)).length, 0);
  for (const port of ["0", "65536", "http", ""]) await assert.rejects(open("data", port, "1"));
  await assert.rejects(open("stdin", "80", "1"));
  client.cut();
});

test("half of a pair does not wait for ever, and a third stream of it is dropped", async () => {
  const { clock, client, open } = serving();
  const error = await open("error", "80", "7");
  const twice = await open("error", "80", "7");
  await twice.gone;
  const told = collect(error.input);
  await clock.runUntil(() => client.size === 0, 60_000);
  assert.equal(
    (await told).toString(),
    "error processing stream for request 7: error stream already assigned(request=7) timed out waiting for streams",
  );
  client.cut();
});

test("connections close with the client, and with the stream that the client drops", async () => {
  const { target, served, client, open } = serving();
  const pair = async (id: string) => {
    await open("error", "80", id);
    const data = await open("data", "80", id);
    await data.write(Buffer.from("x"));
    for await (const _ of data.input) break;
    return data;
  };
  (await pair("1")).close();
  await pair("2");
  client.cut();
  await served;
  while (target.open > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(target.open, 0);
});

test("channels of a WebSocket: two for each port, which they begin with", async () => {
  const target = echoes();
  await using server = await upgradingServer((request) => acceptPortForward(request, [8080, 1], target, systemClock));
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`, ["v4.channel.k8s.io"]);
  const got = new Map<number, string>();
  const echoed = Promise.withResolvers<void>();
  socket.on("message", (data: Buffer) => {
    const channel = data[0]!;
    got.set(channel, (got.get(channel) ?? "") + data.subarray(1).toString("latin1"));
    if (channel === 0 && data.subarray(1).toString() === "hello") echoed.resolve();
  });
  await once(socket, "open");
  socket.send(Buffer.from("\u0000hello"));
  await echoed.promise;
  socket.close();
  await once(socket, "close");
  assert.deepEqual(
    [...got].sort(([one], [other]) => one - other),
    [
      [0, "\u0090\u001fhello"],
      [1, "\u0090\u001f"],
      [2, "\u0001\u0000"],
      [3, "\u0001\u0000port 1: connection refused"],
    ],
  );
  while (target.open > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("a WebSocket whose port is at its end is the client's to close, for a second", async () => {
  const clock = createVirtualClock();
  const farewell: ForwardTarget = {
    connect() {
      const queue = new ByteQueue(1024);
      void queue.push(Buffer.from("bye")).then(() => queue.end());
      return Promise.resolve({ input: queue, write: async () => {}, end: async () => {}, close: () => queue.end() });
    },
    describe: (_port, message) => message,
  };
  await using server = await upgradingServer((request) => acceptPortForward(request, [8080], farewell, clock));
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`, ["v4.channel.k8s.io"]);
  await new Promise<void>((resolve) => {
    socket.on("message", (data: Buffer) => data.subarray(1).toString() === "bye" && resolve());
  });
  socket.ping();
  await once(socket, "pong");
  await clock.advance(999);
  socket.ping();
  await once(socket, "pong");
  assert.equal(socket.readyState, WebSocket.OPEN);
  const closed = once(socket, "close");
  await clock.advance(1);
  await closed;
});

test("unknown protocols are refused", async () => {
  await using server = await upgradingServer((request) => acceptPortForward(request, [], echoes(), systemClock));
  for (const protocol of ["SPDY/3.1+other.k8s.io", "v9.channel.k8s.io"]) {
    const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-protocol": protocol };
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`, { headers });
    await once(socket, "error");
  }
  assert.deepEqual(server.refusals, [
    "403 unable to upgrade: unable to negotiate protocol: client supports [other.k8s.io], server accepts [portforward.k8s.io]",
    "403 ",
  ]);
});
