import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compareKeys } from "#store";
import {
  decodeLogged,
  decodeNumber,
  decodeRecord,
  encodeLogged,
  encodeNumber,
  encodeRecord,
  modRevisionOf,
  revisionKey,
  textKey,
  timeOfLogged,
  TOMBSTONE,
  type VersionKey,
  versionKey,
} from "./codec.ts";
import type { KeyCodec } from "./table.ts";

const key = fc.string({ unit: "binary", minLength: 1 }).filter((each) => each.isWellFormed() && !each.includes("\0"));
const revision = fc.maxSafeNat();

function encode<K>(codec: KeyCodec<K>, each: K): Buffer {
  const target = Buffer.alloc(256, 0xff);
  return target.subarray(5, codec.writeKey(each, target, 5));
}

function decode<K>(codec: KeyCodec<K>, bytes: Buffer): K {
  return codec.readKey(bytes, 0, bytes.length);
}

test("keys come back as they were", () => {
  fc.assert(
    fc.property(key, revision, (text, at) => {
      assert.equal(decode(textKey, encode(textKey, text)), text);
      assert.equal(decode(revisionKey, encode(revisionKey, at)), at);
      const version: VersionKey = { key: text, revision: at };
      assert.deepEqual(decode(versionKey, encode(versionKey, version)), version);
    }),
  );
});

test("versions are ordered by key, the newest first", () => {
  const version = fc.record({ key: fc.oneof(key, fc.constantFrom("a", "a/", "ab", "a!")), revision });
  fc.assert(
    fc.property(version, version, (a, b) => {
      const expected = Math.sign(compareKeys(a.key, b.key) || b.revision - a.revision);
      assert.equal(Buffer.compare(encode(versionKey, a), encode(versionKey, b)), expected);
    }),
  );
});

test("the bounds of a key enclose all its versions and no others", () => {
  fc.assert(
    fc.property(key, key, revision, (name, other, at) => {
      const first = encode(versionKey, { key: name, revision: Infinity });
      const last = encode(versionKey, { key: name, revision: -1 });
      const one = encode(versionKey, { key: other, revision: at });
      const within = Buffer.compare(one, first) >= 0 && Buffer.compare(one, last) < 0;
      assert.equal(within, other === name);
    }),
  );
});

test("records, logged revisions and numbers come back as they were", () => {
  const event = fc.record(
    { type: fc.constantFrom("put" as const, "delete" as const), key, previous: revision },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(key, fc.uint8Array(), revision, revision, fc.array(event), (name, value, mod, create, events) => {
      const record = encodeRecord({ key: name, value, modRevision: mod, createRevision: create });
      const entry = decodeRecord(name, record);
      assert.deepEqual(
        { ...entry, value: Uint8Array.from(entry!.value) },
        { key: name, value, modRevision: mod, createRevision: create },
      );
      assert.equal(modRevisionOf(record), mod);
      assert.deepEqual(decodeLogged(encodeLogged({ time: mod, events })), { time: mod, events });
      assert.equal(timeOfLogged(encodeLogged({ time: mod, events })), mod);
      assert.equal(decodeNumber(encodeNumber(create)), create);
    }),
  );
  assert.equal(decodeRecord("/a", TOMBSTONE), undefined);
  assert.equal(modRevisionOf(TOMBSTONE), 0);
});
