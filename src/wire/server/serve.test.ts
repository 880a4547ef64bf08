import assert from "node:assert/strict";
import { connect as connectHttp2, constants, type ClientHttp2Session } from "node:http2";
import { connect as connectTcp } from "node:net";
import { after, before, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import { systemClock } from "#base";
import type { HttpRequest, HttpResponse } from "#http";
import type { KeyPair } from "../certificates/authority.ts";
import { AddressInUse, type RunningServer } from "./index.ts";
import { admin, authority, bytes, http1, http2, ok, start, stranger } from "./testing/serving.ts";

/** Answers what was asked, so that a test sees what the handler saw. */
const echo = async (request: HttpRequest): Promise<HttpResponse> => {
  const body = await request.body(1000);
  return ok(
    JSON.stringify({
      method: request.method,
      path: request.path,
      query: request.query,
      peer: request.peer?.certificate,
      refused: request.peer?.refused,
      groups: request.headers["impersonate-group"],
      body: body && new TextDecoder().decode(body),
    }),
  );
};

describe("one port", () => {
  let server: RunningServer;
  before(async () => {
    server = await start(echo);
  });
  after(() => server.close());

  it("speaks HTTP/1.1 and HTTP/2", async () => {
    const one = JSON.parse((await http1(server, "/a/b?c=d", { method: "PUT" }, "body")).text) as object;
    assert.deepEqual(one, { method: "PUT", path: "/a/b", query: "c=d", body: "body" });
    const two = await http2(server, { ":method": "PUT", ":path": "/a/b?c=d" }, "body");
    assert.deepEqual(JSON.parse(two.text), one);
    assert.deepEqual(JSON.parse((await http2(server, { ":path": "/" })).text), {
      method: "GET",
      path: "/",
      query: "",
      body: "",
    });
  });

  it("knows clients by their certificates, and only by those of its authority", async () => {
    const with_ = (pair: KeyPair) => ({ cert: pair.certificate, key: pair.privateKey });
    const known = JSON.parse((await http1(server, "/", with_(admin))).text) as { peer: Record<string, unknown> };
    assert.equal(known.peer["commonName"], "jane");
    assert.deepEqual(known.peer["organizations"], ["dev", "ops"]);
    assert.match(String(known.peer["sha256"]), /^[0-9a-f]{64}$/);
    const unknown = JSON.parse((await http1(server, "/", with_(stranger))).text) as Record<string, unknown>;
    assert.equal(unknown["peer"], undefined);
    assert.ok(unknown["refused"]);
  });

  it("keeps repeated headers apart where it matters", async () => {
    const headers = { "Impersonate-User": "jane", "Impersonate-Group": ["a, b", "c"] };
    const got = JSON.parse((await http1(server, "/", { headers })).text) as { groups: string[] };
    assert.deepEqual(got.groups, ["a, b", "c"]);
  });

  it("tells of a body that is too long", async () => {
    const got = JSON.parse((await http1(server, "/", { method: "POST" }, "x".repeat(2000))).text) as object;
    assert.equal("body" in got, false);
    const two = JSON.parse((await http2(server, { ":method": "POST", ":path": "/" }, "x".repeat(2000))).text) as object;
    assert.equal("body" in two, false);
  });

  it("hands on methods that Node does not know, and answers garbage with 400", async () => {
    const talk = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connectTls({ port: server.port, ca: authority.certificate, servername: "localhost" }, () =>
          socket.write(text),
        );
        let got = "";
        socket.on("data", (chunk: Buffer) => (got += chunk.toString()));
        socket.on("error", reject);
        socket.on("end", () => resolve(got));
      });
    const odd = await talk("fRob /a?b=c HTTP/1.1\r\nhost: x\r\nContent-Length: 3\r\n\r\nabc");
    assert.match(odd, /^HTTP\/1\.1 200 OK\r\n/);
    assert.deepEqual(JSON.parse(odd.split("\r\n\r\n")[1]!), { method: "fRob", path: "/a", query: "b=c", body: "" });
    for (const garbage of ["hello\r\n\r\n", "FROB / HTTP/2.5\r\n\r\n", "F(B / HTTP/1.1\r\n\r\n"]) {
      assert.match(await talk(garbage), /^HTTP\/1\.1 400 Bad Request\r\n/, garbage);
    }
  });

  it("is taken: a second server on it says so", async () => {
    await assert.rejects(start(echo, { port: server.port }), (error) => {
      assert.ok(error instanceof AddressInUse);
      return error.port === server.port;
    });
  });
});

describe("bodies", () => {
  const size = 1024;
  /** Of a kilobyte, and each other than all others. */
  const piece = (index: number) => bytes(`${index} `.repeat(size).slice(0, size));
  const pieces = (count: number) => Array.from({ length: count }, (_, index) => piece(index));
  const handle = (request: HttpRequest): Promise<HttpResponse> => {
    const count = Number(request.path.slice(1));
    return Promise.resolve({
      status: 200,
      headers: { "content-type": "text/plain" },
      body: { type: "pieces", pieces: pieces(count) },
      gzip: request.headers["accept-encoding"] === "gzip",
    });
  };
  let server: RunningServer;
  before(async () => {
    server = await start(handle);
  });
  after(() => server.close());

  it("of many pieces arrive whole on both protocols, also when many are under way", async () => {
    const arrives = async (count: number) => {
      const [one, two, zipped] = await Promise.all([
        http1(server, `/${count}`),
        http2(server, { ":path": `/${count}` }),
        http2(server, { ":path": `/${count}`, "accept-encoding": "gzip" }),
      ]);
      const unzipped = zipped.headers["content-encoding"] ? gunzipSync(zipped.bytes) : zipped.bytes;
      const expected = Buffer.concat(pieces(count));
      for (const got of [one.bytes, two.bytes, unzipped]) assert.ok(got.equals(expected), `${count} pieces`);
    };
    await Promise.all([0, 1, 64, 65, 129, 3000, 3000, 5000].map(arrives));
  });

  it("are compressed when they are long and the client takes it", async () => {
    const headers = { "accept-encoding": "gzip" };
    const short = await http1(server, "/1", { headers });
    assert.equal(short.headers["content-encoding"], undefined);
    const long = await http1(server, "/500", { headers });
    assert.equal(long.headers["content-encoding"], "gzip");
    assert.ok(long.bytes.length < (500 * size) / 10);
    assert.equal((await http1(server, "/500")).headers["content-encoding"], undefined);
  });

  it("are not sent for HEAD", async () => {
    const got = await http1(server, "/3", { method: "HEAD" });
    assert.equal(got.headers["content-length"], String(3 * size));
    assert.equal(got.text, "");
  });
});

describe("streams", () => {
  /** Sends a piece whenever it is asked for one, and tells when it was let go. */
  const source = () => {
    const state = { pulled: 0, ended: false, aborted: false };
    const handle = (request: HttpRequest): Promise<HttpResponse> => {
      request.signal.addEventListener("abort", () => (state.aborted = true));
      async function* stream(): AsyncGenerator<readonly Uint8Array[]> {
        try {
          while (!request.signal.aborted) {
            state.pulled++;
            yield [bytes("x".repeat(64 * 1024))];
          }
        } finally {
          state.ended = true;
        }
      }
      return Promise.resolve({ status: 200, headers: {}, body: { type: "stream", stream: stream() } });
    };
    return { state, handle };
  };
  const until = async (done: () => boolean) => {
    while (!done()) await new Promise((resolve) => setImmediate(resolve));
  };

  it("wait for a slow reader, and stop when it goes", async () => {
    const { state, handle } = source();
    const server = await start(handle);
    const socket = connectTls({ port: server.port, host: "127.0.0.1", ca: authority.certificate });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await until(() => state.pulled > 0);
    let last = -1;
    for (let still = 0; still < 50; still++) {
      if (state.pulled !== last) still = 0;
      last = state.pulled;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(state.pulled < 2000, `pulled ${state.pulled} pieces of 64 KiB for a client that reads nothing`);
    socket.destroy();
    await until(() => state.ended && state.aborted);
    await server.close();
  });

  it("to a client that takes nothing for too long are cut", async () => {
    const { state, handle } = source();
    const server = await start(handle, { limits: { stalledMs: 50 } });
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: authority.certificate });
    session.on("error", () => {});
    const stream = session.request({ ":path": "/" });
    stream.on("error", () => {});
    await until(() => state.ended);
    assert.ok(state.ended);
    session.destroy();
    await server.close();
  });

  it("end when the server stops", async () => {
    const { state, handle } = source();
    const server = await start(handle);
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: authority.certificate });
    session.on("error", () => {});
    const stream = session.request({ ":path": "/" });
    stream.on("error", () => {});
    stream.resume();
    await until(() => state.pulled > 3);
    await server.close();
    assert.ok(state.ended);
    session.destroy();
  });
});

/** Opens a stream, waits for the first bytes of its answer, and resets it. */
const cancelOne = (session: ClientHttp2Session): Promise<void> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ":path": "/" });
    let answered = false;
    stream.on("error", () => {});
    stream.once("data", () => {
      answered = true;
      stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.once("close", () => (answered ? resolve() : reject(new Error("the stream was refused"))));
  });

describe("clients that cancel", () => {
  it("keep their HTTP/2 connection, however many watches they end on it", async () => {
    const event = bytes("x".repeat(1024 * 1024));
    const server = await start((request) => {
      async function* stream(): AsyncGenerator<readonly Uint8Array[]> {
        yield [event];
        await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      }
      return Promise.resolve({ status: 200, headers: {}, body: { type: "stream", stream: stream() } });
    });
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: authority.certificate });
    try {
      for (let i = 0; i < 1200; i++) await cancelOne(session);
      assert.equal(session.closed, false);
    } finally {
      session.destroy();
      await server.close();
    }
  });
});

describe("hostile clients", () => {
  it("closes half-open connections in favour of those that send requests", async () => {
    const server = await start(echo, { limits: { freshConnections: 20 } });
    const sockets = Array.from({ length: 60 }, () => {
      const socket = connectTcp({ port: server.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      return socket;
    });
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    assert.equal((await http1(server, "/")).status, 200);
    assert.ok(server.connections <= 22, String(server.connections));
    for (const socket of sockets) socket.destroy();
    await server.close();
  });

  it("a handshake that stands still is ended", async () => {
    const server = await start(echo, { limits: { handshakeMs: 50 } });
    const socket = connectTcp({ port: server.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    assert.ok(socket.destroyed);
    await server.close();
  });

  it("garbage gets a 400 or a closed connection", async () => {
    const server = await start(echo);
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTls({ port: server.port, host: "127.0.0.1", ca: authority.certificate });
      let text = "";
      socket.on("error", () => {});
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("close", () => resolve(text));
      socket.write("\u0000\u0001 garbage\r\n\r\n");
    });
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal((await http1(server, "/")).status, 200);
    await server.close();
  });

  it("a client that gets a 400 and keeps its side open is cut off", async () => {
    const server = await start(echo);
    const socket = connectTls({ port: server.port, host: "127.0.0.1", ca: authority.certificate });
    socket.on("error", () => {});
    // It never reads, so it never sees the end and never answers it.
    socket.write("\u0000\u0001 garbage\r\n\r\n");
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    while (server.connections > 0) await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 20));
    assert.equal(server.connections, 0);
    socket.destroy();
    await server.close();
  });

  it("a reset in the middle of a request aborts it and nothing else", async () => {
    let aborted = false;
    const server = await start(async (request) => {
      if (request.path === "/ok") return ok("ok");
      await new Promise<void>((resolve) =>
        request.signal.addEventListener("abort", () => {
          aborted = true;
          resolve();
        }),
      );
      return ok("late");
    });
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: authority.certificate });
    const stream = session.request({ ":path": "/wait" });
    stream.on("error", () => {});
    await new Promise((resolve) => stream.once("ready", resolve));
    stream.close(constants.NGHTTP2_CANCEL);
    while (!aborted) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await http2(server, { ":path": "/ok" })).text, "ok");
    session.destroy();
    await server.close();
  });
});
