import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createVirtualClock } from "#base";
import fc from "fast-check";
import { collect, connectionPair } from "../streams/testing/pipe.ts";
import { openFrame, pingFrame } from "./frames.ts";
import { createSpdySession, type SpdySession } from "./session.ts";
import type { SpdyStream } from "./stream.ts";

const clock = createVirtualClock();
const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Ends {
  readonly client: SpdySession;
  readonly server: SpdySession;
  /** The next stream that the client has opened. */
  next(): Promise<SpdyStream>;
}

function sessions(): Ends {
  const [here, there] = connectionPair();
  const opened: SpdyStream[] = [];
  let wake = () => {};
  const server = createSpdySession(there, {
    role: "server",
    clock,
    accepts: (headers) => headers.get("streamtype") !== "refused",
    onStream(stream) {
      opened.push(stream);
      wake();
    },
  });
  return {
    client: createSpdySession(here, { role: "client", clock }),
    server,
    async next() {
      while (opened.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return opened.shift()!;
    },
  };
}

const kind = (name: string) => new Map([["streamtype", name]]);

describe("a session", () => {
  test("carries streams in both directions, each with its own end", async () => {
    const { client, next } = sessions();
    const here = await client.open(kind("data"));
    const there = await next();
    assert.equal(there.headers.get("streamtype"), "data");
    await here.write(Buffer.from("question"));
    await here.end();
    assert.equal((await collect(there.input)).toString(), "question");
    await there.write(Buffer.from("answer"));
    await there.end();
    assert.equal((await collect(here.input)).toString(), "answer");
    await Promise.all([here.gone, there.gone]);
    assert.equal(client.size, 0);
    client.cut();
  });

  test("tells a stream that is refused", async () => {
    const { client, server } = sessions();
    await assert.rejects(client.open(kind("refused")), /refused/);
    assert.equal(client.size + server.size, 0);
    client.cut();
  });

  test("a stream that one side drops ends on the other, and the session goes on", async () => {
    const { client, server, next } = sessions();
    const here = await client.open(kind("data"));
    const there = await next();
    here.close();
    await there.gone;
    assert.equal((await collect(there.input)).length, 0);
    await assert.rejects(there.write(Buffer.from("x")));
    assert.equal(client.size + server.size, 0);
    await (await client.open(kind("data"))).end();
    client.cut();
  });

  test("a side that does not read holds the other side up", async () => {
    const { client, next } = sessions();
    const here = await client.open(kind("data"));
    const there = await next();
    let written = 0;
    const piece = new Uint8Array(32 * 1024);
    const writing = (async () => {
      for (let index = 0; index < 100; index += 1) {
        await here.write(piece);
        written += piece.length;
      }
      await here.end();
    })();
    for (let before = -1; before !== written;) {
      before = written;
      for (let turns = 0; turns < 20; turns += 1) await soon();
    }
    assert.ok(written < 1024 * 1024, String(written));
    assert.equal((await collect(there.input)).length, 100 * piece.length);
    await writing;
    client.cut();
  });

  test("pending calls fail when the connection breaks", async () => {
    const { client, server, next } = sessions();
    const here = await client.open(kind("data"));
    const there = await next();
    const reading = collect(there.input);
    const opening = client.open(kind("data"));
    opening.catch(() => {});
    client.cut();
    await Promise.all([reading, here.gone, there.gone]);
    await assert.rejects(opening);
    await assert.rejects(here.write(Buffer.from("x")));
    await assert.rejects(client.open(kind("data")));
    assert.ok(client.signal.aborted && server.signal.aborted);
  });

  test("says goodbye: what was written is still read", async () => {
    const { client, server, next } = sessions();
    const here = await client.open(kind("data"));
    const there = await next();
    await there.write(Buffer.from("last words"));
    await there.end();
    const closing = server.close();
    assert.equal((await collect(here.input)).toString(), "last words");
    await here.end();
    await closing;
    assert.ok(client.signal.aborted);
  });

  test("does not wait long for a side that never closes", async () => {
    const own = createVirtualClock();
    const [here] = connectionPair();
    const session = createSpdySession(here, { role: "server", clock: own });
    const closing = session.close();
    await own.runUntil(() => session.signal.aborted, 60_000);
    await closing;
    assert.ok(session.signal.aborted);
  });

  test("sends pings of the other side back", async () => {
    const [here, there] = connectionPair();
    const session = createSpdySession(here, { role: "server", clock });
    await there.write(pingFrame(7));
    for await (const bytes of there.input) {
      assert.deepEqual(Buffer.from(bytes), pingFrame(7));
      break;
    }
    session.cut();
  });

  test("a client that pings without reading is held up", async () => {
    const [here, there] = connectionPair(1024);
    const session = createSpdySession(here, { role: "server", clock });
    let sent = 0;
    const flood = (async () => {
      for (let index = 0; index < 10_000; index += 1) {
        await there.write(pingFrame(2 * index + 1));
        sent += 1;
      }
    })();
    flood.catch(() => {});
    for (let turns = 0; turns < 500; turns += 1) await soon();
    assert.ok(sent < 1000, String(sent));
    session.cut();
  });

  test("streams have a number that they do not go beyond", async () => {
    const { client, server, next } = sessions();
    for (let index = 0; index < 2_000; index += 1) {
      await client.open(kind("data"));
      await next();
    }
    await assert.rejects(client.open(kind("data")), /too many/);
    assert.equal(server.size, 2_000);
    client.cut();
    await soon();
    assert.equal(server.size, 0);
  });
});

test("garbage ends a session, and nothing else", async () => {
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc
      .tuple(fc.integer({ min: 0, max: 10 }), fc.uint8Array({ maxLength: 50 }))
      .map(([stream, block]) => openFrame(stream, block)),
    fc
      .tuple(fc.integer({ min: 0, max: 12 }), fc.uint8Array({ maxLength: 50 }))
      .map(([type, payload]) => Buffer.concat([Buffer.from([0x80, 3, 0, type, 0, 0, 0, payload.length]), payload])),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 10 }), async (frames) => {
      const [here, there] = connectionPair(1024 * 1024);
      const session = createSpdySession(here, { role: "server", clock, accepts: () => true, onStream: () => {} });
      for (const bytes of frames) await there.write(bytes).catch(() => {});
      there.close();
      if (!session.signal.aborted) {
        await new Promise((resolve) => session.signal.addEventListener("abort", resolve, { once: true }));
      }
      assert.equal(session.size, 0);
    }),
    { numRuns: 300 },
  );
});
