import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import { WebSocket } from "ws";
import type { HttpRequest, HttpResponse } from "#http";
import type { RunningServer } from "./index.ts";
import { authority, bytes, http1, ok, start } from "./testing/serving.ts";

describe("upgrades", () => {
  it("hand over the raw connection", async () => {
    const server = await start(async ({ upgrade }) => {
      assert.equal(upgrade?.protocol, "websocket");
      const connection = upgrade.accept({ "sec-websocket-accept": "x" });
      for await (const chunk of connection.input) {
        await connection.write(chunk);
        break;
      }
      connection.close();
      return { status: 101, headers: {}, body: { type: "upgraded" } };
    });
    const text = await new Promise<string>((resolve) => {
      const socket = connectTls({ port: server.port, host: "127.0.0.1", ca: authority.certificate });
      let all = "";
      socket.on("error", () => {});
      socket.on("data", (chunk: Buffer) => (all += chunk.toString()));
      socket.on("close", () => resolve(all));
      socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nping");
    });
    assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n(.*\r\n)*sec-websocket-accept: x\r\n\r\nping$/);
    await server.close();
  });

  it("may be refused like any request", async () => {
    const server = await start(() => Promise.resolve({ ...ok("no"), status: 403 }));
    const got = await http1(server, "/", { headers: { connection: "Upgrade", upgrade: "websocket" } });
    assert.equal(got.status, 403);
    assert.equal(got.text, "no");
    await server.close();
  });

  it("that are refused are answered as any request is: HEAD without a body, large bodies gzipped", async () => {
    const large = "x".repeat(200_000);
    const server = await start(() => Promise.resolve({ ...ok(large), gzip: true }));
    const headers = { connection: "Upgrade", upgrade: "websocket" };
    const head = await http1(server, "/", { method: "HEAD", headers });
    assert.equal(head.headers["content-encoding"], "gzip");
    assert.equal(head.text, "");
    const got = await http1(server, "/", { headers });
    assert.equal(gunzipSync(got.bytes).toString(), large);
    await server.close();
  });

  it("that are refused hold nothing up for a client that takes nothing", async () => {
    const gone = Promise.withResolvers<string>();
    async function* stream() {
      try {
        for (;;) yield bytes("x".repeat(64 * 1024));
      } finally {
        gone.resolve("the stream was ended");
      }
    }
    const handle = () =>
      Promise.resolve<HttpResponse>({ status: 200, headers: {}, body: { type: "stream", stream: stream() } });
    const server = await start(handle, { limits: { stalledMs: 50 } });
    const socket = connectTls({ port: server.port, host: "127.0.0.1", ca: authority.certificate });
    socket.on("error", () => {});
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
    assert.equal(await gone.promise, "the stream was ended");
    socket.destroy();
    await server.close();
  });

  /** Says "one", and "two" once told to; ends when the client goes. */
  const talker = (messages?: "text" | "binary") => {
    const next = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    async function* stream({ signal }: HttpRequest) {
      yield bytes("one");
      await next.promise;
      yield [bytes("two"), bytes("three")];
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      gone.resolve();
    }
    const handle = (request: HttpRequest): Promise<HttpResponse> =>
      Promise.resolve({
        status: 200,
        headers: { "content-type": "text/plain" },
        body: { type: "stream", stream: stream(request), ...(messages ? { messages } : {}) },
      });
    return { handle, go: next.resolve, gone: gone.promise };
  };
  const webSocket = (server: RunningServer, protocols: string[] = []) =>
    new WebSocket(`wss://127.0.0.1:${server.port}/`, protocols, { ca: authority.certificate });

  it("that are not made are answered as the answer comes, not when it is whole", async () => {
    const { handle, go, gone } = talker();
    const server = await start(handle);
    const socket = connectTls({ port: server.port, host: "127.0.0.1", ca: authority.certificate });
    let all = "";
    socket.on("data", (chunk: Buffer) => (all += chunk.toString()));
    const holds = async (text: string) => {
      while (!all.endsWith(text)) await once(socket, "data");
    };
    socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
    await holds("one");
    go();
    await holds("twothree");
    assert.match(all, /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*connection: close\r\n\r\nonetwothree$/);
    socket.destroy();
    await gone;
    await server.close();
  });

  for (const [messages, protocol, first, encoded] of [
    ["text", "", [], false],
    ["binary", "", [""], false],
    ["binary", "binary.k8s.io", [""], false],
    ["binary", "base64.binary.k8s.io", [""], true],
  ] as const) {
    it(`carry streams of ${messages} by WebSocket, as ${protocol || "nothing in particular"}`, async () => {
      const { handle, go, gone } = talker(messages);
      const server = await start(handle);
      const socket = webSocket(server, protocol ? ["unknown", protocol] : []);
      const got: string[] = [];
      const enough = new Promise<void>((resolve) => {
        socket.on("message", (data: Buffer, isBinary) => {
          assert.equal(isBinary, messages === "binary" && !encoded);
          got.push(encoded ? Buffer.from(data.toString(), "base64").toString() : data.toString());
          if (got.at(-1) === "one") go();
          if (got.at(-1) === "three") resolve();
        });
      });
      await enough;
      assert.deepEqual(got, [...first, "one", "two", "three"]);
      assert.equal(socket.protocol, protocol);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.close();
      await Promise.all([gone, closed]);
      await server.close();
    });
  }

  it("carry nothing in a protocol that is not spoken", async () => {
    const { handle } = talker("binary");
    const server = await start(handle);
    const socket = webSocket(server, ["unknown"]);
    const error = await new Promise<Error>((resolve) => socket.once("error", resolve));
    assert.match(error.message, /403/);
    await server.close();
  });
});
