import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { systemClock } from "#base";
import fc from "fast-check";
import { WebSocket } from "ws";
import { collect } from "../streams/testing/pipe.ts";
import { upgradingServer } from "../streams/testing/upgrading-server.ts";
import { acceptRemoteCommand } from "./accept.ts";
import type { RemoteCommand, WantedStreams } from "./contract.ts";

const ALL: WantedStreams = { stdin: true, stdout: true, stderr: true, tty: false };

/** What a client got on each channel, with the channel's number as text first. */
interface Client {
  readonly socket: WebSocket;
  readonly got: string[];
  readonly closed: Promise<number>;
}

async function dial(port: number, protocols: string[]): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocols);
  const got: string[] = [];
  socket.on("message", (data: Buffer, isBinary) =>
    got.push(isBinary ? `${data[0]}:${data.subarray(1).toString()}` : `text ${data.toString()}`),
  );
  const closed = once(socket, "close").then(([code]) => Number(code));
  await once(socket, "open");
  return { socket, got, closed };
}

const serving = (wanted: WantedStreams, use: (command: RemoteCommand) => Promise<void>) =>
  upgradingServer(async (request) => use(await acceptRemoteCommand(request, wanted, systemClock)));

/** Echoes its input, reports its terminal size, and ends with a failure. */
async function echo(command: RemoteCommand): Promise<void> {
  const stdin = await collect(command.stdin);
  await command.writeStdout(stdin);
  await command.writeStderr(Buffer.from("err"));
  await command.finish({ status: "Failure", message: "no" });
}

describe("a WebSocket", () => {
  test("by v5 has channels that end, and sends a Status last", async () => {
    await using server = await serving(ALL, echo);
    const { socket, got, closed } = await dial(server.port, ["v4.channel.k8s.io", "v5.channel.k8s.io"]);
    assert.equal(socket.protocol, "v5.channel.k8s.io");
    socket.send(Buffer.from("\u0000in"));
    socket.send(Buffer.from([9, 1, 2]));
    socket.send(Buffer.from([255, 0]));
    assert.equal(await closed, 1000);
    assert.deepEqual(got, ["1:", "1:in", "2:err", '3:{"metadata":{},"status":"Failure","message":"no"}']);
  });

  test("by v4 may carry text in base64", async () => {
    await using server = await serving(ALL, async (command) => {
      for await (const bytes of command.stdin) {
        await command.writeStdout(bytes);
        break;
      }
      await command.finish({ status: "Success" });
    });
    const { socket, got, closed } = await dial(server.port, ["v4.base64.channel.k8s.io"]);
    socket.send(`0${Buffer.from("hello").toString("base64")}`);
    assert.equal(await closed, 1000);
    assert.deepEqual(got, [
      "text 1",
      `text 1${Buffer.from("hello").toString("base64")}`,
      `text 3${Buffer.from('{"metadata":{},"status":"Success"}').toString("base64")}`,
    ]);
  });

  for (const protocols of [["channel.k8s.io"], []]) {
    test(`by ${protocols[0] ?? "no protocol"} sends only the message of a failure`, async () => {
      const only = { ...ALL, stdin: false, stdout: false };
      await using server = await serving(only, echo);
      const { socket, got, closed } = await dial(server.port, protocols);
      assert.equal(socket.protocol, protocols[0] ?? "");
      assert.equal(await closed, 1000);
      assert.deepEqual(got, ["2:", "2:err", "3:no"]);
    });
  }

  test("carries the sizes of a terminal, also in pieces, until one that is no size", async () => {
    const sizes: unknown[] = [];
    await using server = await serving({ ...ALL, tty: true }, async (command) => {
      for await (const size of command.sizes) sizes.push(size);
      await command.finish({ status: "Success" });
    });
    const { socket, closed } = await dial(server.port, ["v5.channel.k8s.io"]);
    for (const text of ['{"Width":80,"Hei', 'ght":24}{"width":1,"height":2}', '{"Width":-1}']) {
      socket.send(Buffer.from(`\u0004${text}`));
    }
    await closed;
    assert.deepEqual(sizes, [
      { width: 80, height: 24 },
      { width: 1, height: 2 },
    ]);
  });

  test("with an unknown protocol is refused", async () => {
    await using server = await serving(ALL, echo);
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`, ["v9.channel.k8s.io"]);
    const [error] = (await once(socket, "error")) as [Error];
    assert.match(error.message, /403/);
  });
});

test("a client that goes without a word is noticed", async () => {
  const ended = Promise.withResolvers<void>();
  await using server = await serving(ALL, async (command) => {
    const stdin = collect(command.stdin);
    if (!command.signal.aborted) await new Promise((resolve) => command.signal.addEventListener("abort", resolve));
    await stdin;
    await assert.rejects(command.writeStdout(Buffer.from("x")));
    await command.finish({ status: "Success" });
    ended.resolve();
  });
  const { socket } = await dial(server.port, ["v5.channel.k8s.io"]);
  socket.terminate();
  await ended.promise;
});

test("a client that does not read output holds the process up", async () => {
  const state = { written: 0 };
  const done = Promise.withResolvers<void>();
  await using server = await serving(ALL, async (command) => {
    const piece = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        await command.writeStdout(piece);
        state.written += piece.length;
      }
    } catch {
      done.resolve();
    }
  });
  const { socket } = await dial(server.port, ["v5.channel.k8s.io"]);
  socket.pause();
  for (let before = -1; before !== state.written;) {
    before = state.written;
    for (let turns = 0; turns < 200; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  // What the system's own buffers hold, and not more.
  assert.ok(state.written < 32 * 1024 * 1024, String(state.written));
  socket.terminate();
  await done.promise;
});

test("garbage on the connection closes it", async () => {
  const ended: Promise<unknown>[] = [];
  await using server = await serving(ALL, async (command) => {
    const reading = collect(command.stdin);
    ended.push(reading);
    await reading;
    await command.finish({ status: "Success" });
  });
  const head =
    "GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n" +
    "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: v5.channel.k8s.io\r\n\r\n";
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (garbage) => {
      const socket = connect({ port: server.port, host: "127.0.0.1" });
      // A side that closes with unread data resets the connection: that is a way to close it, too.
      const closed = new Promise((resolve) => socket.on("error", () => {}).once("close", resolve));
      socket.resume();
      socket.write(head);
      socket.end(garbage);
      await closed;
    }),
    { numRuns: 60 },
  );
  await Promise.all(ended);
});

test("a malformed handshake is refused", async () => {
  await using server = await serving(ALL, echo);
  const answers: number[] = [];
  for (const headers of [
    { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" },
    { "sec-websocket-version": "13" },
    { "sec-websocket-version": "13", "sec-websocket-key": "short" },
  ]) {
    const lines = Object.entries({ host: "x", connection: "Upgrade", upgrade: "websocket", ...headers });
    const socket = connect({ port: server.port, host: "127.0.0.1" });
    socket.write(`GET / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    const [text] = (await once(socket, "data")) as [Buffer];
    answers.push(Number(text.toString().split(" ")[1]));
    socket.destroy();
  }
  assert.deepEqual(answers, [400, 400, 400]);
});
