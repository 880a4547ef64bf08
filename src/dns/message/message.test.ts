import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, type Answer } from "dns-packet";
import fc from "fast-check";
import { codeOf, queryBytes, read } from "../testing/ask.ts";
import type { Reply } from "../zone/answer.ts";
import { encodeReply, relay, udpLimit } from "./encode.ts";
import { createFrames, frame } from "./frames.ts";
import { receive, type Query } from "./query.ts";
import { walk } from "./walk.ts";

function queryOf(message: Buffer): Query {
  const received = receive(message);
  assert.equal(received.type, "query");
  return (received as Extract<typeof received, { type: "query" }>).query;
}

const addresses = (name: string, count: number): Answer[] =>
  Array.from({ length: count }, (_, i) => ({
    name,
    type: "A",
    class: "IN",
    ttl: 30,
    data: `10.0.${i >> 8}.${i & 255}`,
  }));

const replyWith = (answers: readonly Answer[]): Reply => ({
  code: "NOERROR",
  answers,
  authorities: [],
  additionals: [],
});

describe("a response", () => {
  test("a record costs 16 bytes when its name is the question's", () => {
    const query = queryOf(queryBytes("db.default.svc.cluster.local", "A"));
    const one = encodeReply(query, replyWith(addresses(query.question.name, 1)), 512);
    const two = encodeReply(query, replyWith(addresses(query.question.name, 2)), 512);
    assert.equal(two.length - one.length, 16);
  });

  for (const [size, limit] of [
    [0, 512],
    [100, 512],
    [1232, 1232],
    [65_535, 4096],
  ] as const) {
    test(`to a client that takes ${size || "512"} bytes has at most ${limit}, as many as fit, and the truncation bit`, () => {
      const query = queryOf(queryBytes("db.default.svc.cluster.local", "A", { size }));
      const response = encodeReply(query, replyWith(addresses(query.question.name, 1000)), udpLimit(query));
      const message = read(response);
      assert.ok(response.length <= limit && response.length > limit - 16);
      assert.equal(message.flag_tc, true);
      assert.equal(message.additionals?.length, size > 0 ? 1 : 0);
    });
  }

  test("a reader reads what was written, whatever the names share, in the case that each has", () => {
    const label = fc.stringMatching(/^[a-zA-Z0-9]{1,9}$/);
    const name = fc
      .array(label, { minLength: 1, maxLength: 4 })
      .map((labels) => [...labels, "Cluster.local"].join("."));
    const base = { class: "IN", ttl: 30 } as const;
    const record = fc.oneof(
      name.map((of): Answer => ({ ...base, name: of, type: "A", data: "10.0.0.1" })),
      fc.tuple(name, name).map(([of, data]): Answer => ({ ...base, name: of, type: "CNAME", data })),
      fc.tuple(name, name).map(([of, target]): Answer => ({
        ...base,
        name: of,
        type: "SRV",
        data: { priority: 0, weight: 1, port: 2, target },
      })),
    );
    fc.assert(
      fc.property(name, fc.array(record, { maxLength: 8 }), (asked, records) => {
        const query = queryOf(queryBytes(asked, "A"));
        const message = read(encodeReply(query, replyWith(records), 65_535));
        assert.equal(message.questions?.[0]?.name, asked);
        assert.deepEqual(
          message.answers?.map((answer) => ({ ...answer, flush: undefined })),
          records.map((answer) => ({ ...answer, flush: undefined })),
        );
      }),
    );
  });

  test("what others said is passed on with our id and question, aged, and cut at a record", () => {
    const upstream = queryOf(queryBytes("www.example.org", "A", { size: 1232 }));
    const said = encodeReply(upstream, replyWith(addresses("www.example.org", 60)), 65_535);
    const layout = walk(said);
    assert.ok(layout);
    const query = queryOf(queryBytes("WWW.example.org", "A", { id: 99 }));
    const message = read(relay(query, said, layout, 512, 10));
    assert.deepEqual([message.id, message.questions?.[0]?.name, message.flag_tc], [99, "WWW.example.org", true]);
    assert.equal(message.additionals?.length, 0);
    assert.ok(message.answers?.every((answer) => "ttl" in answer && answer.ttl === 20));
    assert.equal(message.answers?.length, Math.floor((512 - 12 - 21) / 16));
  });
});

describe("a received message", () => {
  test("is refused with the protocol's codes when it is no query", () => {
    const good = queryBytes("a.b", "A");
    const changed = (at: number, value: number) => {
      const bytes = Buffer.from(good);
      bytes.writeUInt16BE(value, at);
      return bytes;
    };
    const code = (message: Buffer) => {
      const received = receive(message);
      return received.type === "reject" ? codeOf(received.response) : received.type;
    };
    assert.equal(code(good), "query");
    assert.equal(code(changed(2, 0x8100)), "drop", "an answer");
    assert.equal(code(good.subarray(0, 11)), "drop", "no header");
    assert.equal(code(changed(2, 0x2900)), 4, "an update");
    assert.equal(code(changed(4, 2)), 1, "two questions");
    assert.equal(code(good.subarray(0, 16)), 1, "half a question");
    assert.equal(code(changed(good.length - 2, 3)), 5, "of another class");
    const newer = queryBytes("a.b", "A", { size: 1232 });
    newer[newer.length - 5] = 1;
    const received = receive(newer);
    assert.equal(received.type === "reject" && read(received.response).additionals?.[0]?.type, "OPT");
  });

  test("never makes the reader throw, whatever is in it", () => {
    const seeds = [queryBytes("web.default.svc.cluster.local", "SRV", { size: 1232 }), queryBytes("a.b", "A")];
    const bent = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(80), fc.nat(255))))
      .map(([seed, edits]) => {
        const bytes = Buffer.from(seed);
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        return bytes;
      });
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      bent,
    );
    fc.assert(
      fc.property(any, (message) => {
        const received = receive(message);
        if (received.type === "reject") decode(received.response);
        if (received.type === "query") walk(encodeReply(received.query, replyWith(addresses("a.b", 2)), 512));
        walk(message);
      }),
      { numRuns: 500 },
    );
  });

  test("is taken from a stream wherever that was cut", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 50 }), (messages, step) => {
        const frames = createFrames();
        const stream = Buffer.concat(messages.map((message) => frame(Buffer.from(message))));
        const found: Buffer[] = [];
        for (let at = 0; at < stream.length; at += step) {
          frames.push(stream.subarray(at, at + step));
          for (let message = frames.next(); message; message = frames.next()) found.push(message);
        }
        assert.deepEqual(
          found.map((message) => [...message]),
          messages.map((message) => [...message]),
        );
      }),
    );
  });
});
