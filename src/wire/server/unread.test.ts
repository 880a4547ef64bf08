import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { createVirtualClock } from "#base";
import type { HttpRequest, HttpResponse } from "#http";
import type { RunningServer } from "./index.ts";
import { authority, bytes, http1, http2, ok, start } from "./testing/serving.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

const refusal: HttpResponse = {
  status: 415,
  headers: { "content-type": "text/plain" },
  body: { type: "bytes", bytes: bytes("no such media type") },
};

/** Refuses all that is not `/read` without a look at the body. */
const handle = async (request: HttpRequest): Promise<HttpResponse> => {
  if (request.path === "/limited") return (await request.body(KIB)) ? ok("read") : refusal;
  if (request.path !== "/read") return refusal;
  const body = await request.body(8 * MIB);
  return ok(`read ${body?.length}`);
};

/** A client that writes all it has before it reads anything. */
interface Writer {
  readonly socket: TLSSocket;
  /** Resolves once the system has taken everything. */
  write(...chunks: (string | Uint8Array)[]): Promise<void>;
  /** What came up to now, or up to this text if it is yet to come, or the end. */
  read(until?: string): Promise<string>;
}

async function writer(server: RunningServer): Promise<Writer> {
  const socket = connect({ port: server.port, host: "127.0.0.1", ca: authority.certificate });
  socket.pause();
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  let text = "";
  return {
    socket,
    write: (...chunks) =>
      new Promise((resolve, reject) => {
        for (const chunk of chunks.slice(0, -1)) socket.write(chunk);
        socket.write(chunks.at(-1)!, (error) => (error ? reject(error) : resolve()));
      }),
    read: (until) =>
      new Promise((resolve) => {
        const take = (chunk: Buffer) => {
          text += chunk.toString();
          if (until !== undefined && text.includes(until)) done();
        };
        const done = () => {
          socket.off("data", take);
          socket.off("close", done);
          socket.pause();
          const taken = text;
          text = "";
          resolve(taken);
        };
        socket.on("data", take);
        socket.once("close", done);
        socket.resume();
      }),
  };
}

const headOf = (length: number, path = "/") =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: text/odd\r\ncontent-length: ${length}\r\n\r\n`;

describe("a request that is refused before its body was read", () => {
  let server: RunningServer;
  before(async () => {
    server = await start(handle);
  });
  after(() => server.close());

  for (const [name, size] of [
    ["31 KB", 31_000],
    ["1 MB", 1_000_000],
    ["3 MB", 3_000_000],
  ] as const) {
    it(`is answered to a client that writes ${name} before it reads, and the connection goes on`, async () => {
      for (const path of ["/", "/limited"]) {
        const client = await writer(server);
        for (let round = 0; round < 5; round++) {
          await client.write(headOf(size, path), Buffer.alloc(size, "x"));
          assert.match(await client.read("no such media type"), /^HTTP\/1\.1 415 /);
        }
        await client.write(headOf(3, "/read"), "abc");
        assert.match(await client.read("read 3"), /^HTTP\/1\.1 200 /);
        client.socket.destroy();
      }
    });
  }

  it("is answered to a client that sends chunks of unknown length", async () => {
    const client = await writer(server);
    await client.write("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    for (let i = 0; i < 10; i++) await client.write(`${(100_000).toString(16)}\r\n`, Buffer.alloc(100_000), "\r\n");
    await client.write("0\r\n\r\n");
    assert.match(await client.read("no such media type"), /^HTTP\/1\.1 415 /);
    await client.write(headOf(3, "/read"), "abc");
    assert.match(await client.read("read 3"), /^HTTP\/1\.1 200 /);
    client.socket.destroy();
  });

  it("is answered to many clients at once, each time", async () => {
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async () => {
        const client = await writer(server);
        await client.write(headOf(31_000), Buffer.alloc(31_000, "x"));
        const text = await client.read("no such media type");
        client.socket.destroy();
        return text.slice(0, 12);
      }),
    );
    assert.deepEqual(new Set(statuses), new Set(["HTTP/1.1 415"]));
  });

  it("that is longer than is read on for is answered with the end of the connection", async () => {
    const client = await writer(server);
    await client.write(headOf(64 * MIB), Buffer.alloc(100_000, "x"));
    const text = await client.read("no such media type");
    assert.match(text, /^HTTP\/1\.1 415 /);
    assert.match(text, /connection: close/i);
    // It goes on all the same, and is cut off.
    const closed = new Promise((resolve) => client.socket.once("close", resolve));
    client.socket.resume();
    client.socket.write(Buffer.alloc(8 * MIB, "x"));
    await closed;
    assert.equal((await http1(server, "/read")).status, 200);
  });

  it("is answered on HTTP/2 as well, whatever its length", async () => {
    for (const length of [31_000, 3_000_000, 8 * MIB]) {
      const got = await http2(server, { ":method": "POST", ":path": "/" }, "x".repeat(length));
      assert.equal(got.status, 415);
      assert.equal(got.text, "no such media type");
    }
  });
});

describe("a client that has its answer and sends on", () => {
  it("slowly, is cut off after a while", async () => {
    const clock = createVirtualClock();
    const server = await start(handle, { clock });
    const client = await writer(server);
    await client.write(headOf(1000), "x");
    assert.match(await client.read("no such media type"), /^HTTP\/1\.1 415 /);
    const closed = new Promise((resolve) => client.socket.once("close", resolve));
    client.socket.resume();
    await clock.advance(9_000);
    await client.write("x");
    assert.equal(server.connections, 1);
    await clock.advance(2_000);
    await clock.advance(2_000);
    await closed;
    await server.close();
  });

  it("without an end and in pieces of unknown length, is cut off after some megabytes", async () => {
    const server = await start(handle);
    const client = await writer(server);
    const closed = new Promise((resolve) => client.socket.once("close", resolve));
    await client.write("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    assert.match(await client.read("no such media type"), /^HTTP\/1\.1 415 /);
    client.socket.resume();
    for (let sent = 0; sent < 16 * MIB && !client.socket.destroyed; sent += MIB) {
      await client.write(`${MIB.toString(16)}\r\n`, Buffer.alloc(MIB), "\r\n").catch(() => {});
    }
    await closed;
    await server.close();
  });

  it("after a head that is too long, still gets to read why", async () => {
    const server = await start(handle);
    const client = await writer(server);
    await client.write(`GET / HTTP/1.1\r\nhost: x\r\nlong: ${"x".repeat(1 * MIB)}`);
    assert.match(await client.read(), /^HTTP\/1\.1 431 /);
    await server.close();
  });

  it("does not hold the connection after a refused upgrade", async () => {
    const clock = createVirtualClock();
    const server = await start(handle, { clock });
    const client = await writer(server);
    await client.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: odd\r\n\r\n");
    assert.match(await client.read("no such media type"), /^HTTP\/1\.1 415 /);
    assert.equal(server.connections, 1);
    const closed = new Promise((resolve) => client.socket.once("close", resolve));
    client.socket.resume();
    await clock.advance(2_000);
    await closed;
    await server.close();
  });
});
