import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DICTIONARY } from "./dictionary.ts";
import {
  dataFrame,
  FrameReader,
  goAwayFrame,
  openFrame,
  pingFrame,
  replyFrame,
  resetFrame,
  SpdyError,
  type Frame,
} from "./frames.ts";
import { createHeaderDeflater, createHeaderInflater } from "./headers.ts";

const hex = (text: string) => Buffer.from(text, "hex");

/** What moby/spdystream 0.5.1 writes: two streams, data, and the frames without headers. */
const RECORDED = {
  error: hex("80030001000000290000000100000000000078f9e3c6a7c26260606004a7b392a2d4c45c6851c29a0a0a6800000000ffff"),
  data: hex("800300010000001600000003000000000000c22a052a651201000000ffff"),
  hello: hex("000000030100000568656c6c6f"),
  rest: hex(
    "800300030000000800000003000000058003000600000004000000078003000700000008000000030000000080030009000000080000000300000001",
  ),
};

function read(...chunks: readonly Uint8Array[]): Frame[] {
  const reader = new FrameReader();
  return chunks.flatMap((chunk) => [...reader.read(chunk)]);
}

test("the dictionary is SPDY/3's", () => {
  // Its Adler-32, by which compressed blocks name it.
  let [a, b] = [1, 0];
  for (const byte of DICTIONARY) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  assert.equal(b * 65_536 + a, 0xe3c6a7c2);
});

test("frames of another implementation are understood, headers over several of them", async () => {
  const frames = read(RECORDED.error, RECORDED.data, RECORDED.hello, RECORDED.rest);
  assert.deepEqual(
    frames.map(({ type }) => type),
    ["open", "open", "data", "reset", "ping", "goaway"],
  );
  const inflater = createHeaderInflater();
  const kinds: unknown[] = [];
  for (const frame of frames) {
    if (frame.type === "open") kinds.push([frame.stream, ...(await inflater.run(frame.block))]);
    if (frame.type === "data") assert.deepEqual([frame.stream, frame.bytes.toString(), frame.end], [3, "hello", true]);
    if (frame.type === "reset") assert.deepEqual([frame.stream, frame.status], [3, 5]);
    if (frame.type === "ping") assert.equal(frame.id, 7);
  }
  inflater.close();
  assert.deepEqual(kinds, [
    [1, ["streamtype", "error"]],
    [3, ["streamtype", "data"]],
  ]);
});

test("headers come through, block after block", async () => {
  const text = fc.string({ unit: "grapheme" }).map((value) => value.replaceAll("\0", ""));
  const headers = fc.array(fc.tuple(fc.stringMatching(/^[a-z-]{1,20}$/), text), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(headers, { maxLength: 5 }), async (blocks) => {
      const deflater = createHeaderDeflater();
      const inflater = createHeaderInflater();
      for (const block of blocks) {
        const sent = new Map(block);
        assert.deepEqual(await inflater.run(await deflater.run(sent)), sent);
      }
      deflater.close();
      inflater.close();
    }),
    { numRuns: 50 },
  );
});

test("a block that swells is refused", async () => {
  const deflater = createHeaderDeflater();
  const inflater = createHeaderInflater();
  const block = await deflater.run(new Map([["a", "x".repeat(10_000_000)]]));
  assert.ok(block.length < 64 * 1024);
  await assert.rejects(inflater.run(block), SpdyError);
  await assert.rejects(inflater.run(block), SpdyError);
  deflater.close();
});

const id = fc.integer({ min: 1, max: 0x7fff_ffff });
const bytes = fc.uint8Array({ maxLength: 300 });
const anyFrame = fc.oneof(
  fc.record({ sent: fc.constant("data" as const), stream: id, bytes, end: fc.boolean() }),
  fc.record({ sent: fc.constant("open" as const), stream: id, block: bytes, end: fc.boolean() }),
  fc.record({ sent: fc.constant("reply" as const), stream: id, block: bytes }),
  fc.record({ sent: fc.constant("reset" as const), stream: id, status: fc.integer({ min: 1, max: 11 }) }),
  fc.record({ sent: fc.constant("ping" as const), id }),
  fc.record({ sent: fc.constant("goaway" as const), stream: id }),
);

type Sent = typeof anyFrame extends fc.Arbitrary<infer T> ? T : never;

function encode(frame: Sent): Buffer {
  switch (frame.sent) {
    case "data":
      return dataFrame(frame.stream, frame.bytes, frame.end);
    case "open":
      return openFrame(frame.stream, frame.block, frame.end);
    case "reply":
      return replyFrame(frame.stream, frame.block);
    case "reset":
      return resetFrame(frame.stream, frame.status);
    case "ping":
      return pingFrame(frame.id);
    case "goaway":
      return goAwayFrame(frame.stream, 0);
  }
}

/** As text, with data that came in pieces joined. */
function told(frames: readonly Frame[]): string[] {
  const lines: string[] = [];
  let data = "";
  for (const frame of frames) {
    switch (frame.type) {
      case "data":
        data += Buffer.from(frame.bytes).toString("hex");
        lines.push(`data ${frame.stream} ${frame.end}`);
        break;
      case "ping":
        lines.push(`ping ${frame.id}`);
        break;
      case "goaway":
        lines.push("goaway");
        break;
      case "reset":
        lines.push(`reset ${frame.stream} ${frame.status}`);
        break;
      default:
        lines.push(`${frame.type} ${frame.stream} ${frame.end} ${Buffer.from(frame.block).toString("hex")}`);
    }
  }
  // Pieces of one data frame: all but the last are without the end.
  return [data, ...lines.filter((line) => !(line.startsWith("data") && line.endsWith("false")))];
}

test("frames come through however the connection cuts them", () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 40 })), (frames, cuts) => {
      const whole = Buffer.concat(frames.map(encode));
      const chunks: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(whole.subarray(at, at + cut));
        at += cut;
      }
      chunks.push(whole.subarray(at));
      const expected = [
        frames.map((frame) => (frame.sent === "data" ? Buffer.from(frame.bytes).toString("hex") : "")).join(""),
        ...frames.flatMap((frame) => {
          switch (frame.sent) {
            case "data":
              return frame.end ? [`data ${frame.stream} true`] : [];
            case "open":
            case "reply":
              return [
                `${frame.sent} ${frame.stream} ${"end" in frame && frame.end} ${Buffer.from(frame.block).toString("hex")}`,
              ];
            case "reset":
              return [`reset ${frame.stream} ${frame.status}`];
            case "ping":
              return [`ping ${frame.id}`];
            case "goaway":
              return ["goaway"];
          }
        }),
      ];
      assert.deepEqual(told(read(...chunks)), expected);
    }),
  );
});

test("garbage is refused or ignored, never more", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
      try {
        read(garbage);
      } catch (error) {
        assert.ok(error instanceof SpdyError);
      }
    }),
    { numRuns: 500 },
  );
});

test("a control frame that would have to be held is refused before it comes", () => {
  assert.throws(() => read(hex("8003000100ffffff")), SpdyError);
});
