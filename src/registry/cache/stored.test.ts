import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyDraft } from "#objects";
import { readEntries } from "./read-entries.ts";
import { Encoding, Stored } from "./stored.ts";

const encoding = new Encoding("v1", "ConfigMap");
const key = { namespace: "default", name: "a" };
const draft = (): AnyDraft =>
  ({
    data: { ü: "€" },
    metadata: { name: "a", namespace: "default", labels: {}, finalizers: [], resourceVersion: "3", selfLink: "/x" },
    kind: "Wrong",
    apiVersion: "v0",
  }) as unknown as AnyDraft;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("what is stored has its type first, no resourceVersion and no empty metadata", () => {
  const stored = Stored.written(encoding, "/registry/configmaps/default/a", key, encoding.ordered(draft()));
  assert.equal(
    text(stored.value),
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"default"},"data":{"ü":"€"}}',
  );
});

test("the bytes that are sent are the stored ones with the resourceVersion put in", () => {
  const stored = Stored.written(encoding, "/k", key, encoding.ordered(draft()));
  stored.settle(12);
  assert.equal(
    text(stored.bytes),
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"resourceVersion":"12","name":"a","namespace":"default"},"data":{"ü":"€"}}',
  );
  assert.equal(stored.bytes, stored.bytes);
  assert.equal(text(stored.line), `${text(stored.bytes)}\n`);
  assert.equal(stored.line.buffer, stored.bytes.buffer, "the newline costs no copy");
  assert.deepEqual(JSON.parse(text(stored.bytes)), stored.object);
  assert.throws(() => {
    (stored.object.metadata as { name: string }).name = "b";
  }, TypeError);
});

test("what was stored in another version is read from that, and only that is a promise", async () => {
  const bytes = (apiVersion: string) =>
    new TextEncoder().encode(
      `{"kind":"ConfigMap","apiVersion":"${apiVersion}","metadata":{"name":"a"},"old":{"x":"1"}}`,
    );
  const entry = (value: Uint8Array) => ({ key: "/k", value, modRevision: 5, createRevision: 5 });
  const calls: number[] = [];
  const reading = new Encoding("v1", "ConfigMap", {
    toStorage(apiVersion, objects) {
      if (apiVersion !== "v1beta1") return undefined;
      calls.push(objects.length);
      return Promise.resolve(objects.map(({ old, ...rest }) => ({ ...rest, apiVersion: "v1", data: old }) as AnyDraft));
    },
  });
  const reader = { prefix: "/", encoding: reading };
  const [first, second] = await readEntries(reader, [entry(bytes("v1beta1")), entry(bytes("v1beta1"))]);
  assert.deepEqual(calls, [2], "all in one call");
  assert.deepEqual(second?.object, first?.object);
  assert.deepEqual(first?.object, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", resourceVersion: "5" },
    data: { x: "1" },
  });
  assert.deepEqual(JSON.parse(text(first!.bytes)), first?.object);
  assert.deepEqual(JSON.parse(text(first!.metadata)), first?.object.metadata);
  assert.equal(text(first!.line), `${text(first!.bytes)}\n`);

  const [foreign] = await readEntries(reader, [entry(bytes("v1"))]);
  assert.deepEqual((foreign!.object as unknown as AnyDraft)["old"], { x: "1" }, "of the version, in another order");
  await assert.rejects(async () => readEntries(reader, [entry(bytes("v0"))]), {
    message: 'no kind "ConfigMap" is registered for version "v0", in which it is stored',
  });
  await assert.rejects(
    async () => readEntries(reader, [entry(new TextEncoder().encode("{"))]),
    /unable to decode \/k: /,
  );

  const written = Stored.written(reading, "/k", key, reading.ordered(draft()));
  assert.ok(!(readEntries(reader, [entry(written.value)]) instanceof Promise));
});

test("its metadata are a part of its bytes", () => {
  const strange = draft();
  strange.metadata.annotations = { a: '"}{\\', "b{": "}" };
  const stored = Stored.written(encoding, "/k", key, encoding.ordered(strange));
  stored.settle(12);
  assert.deepEqual(JSON.parse(text(stored.metadata)), stored.object.metadata);
  assert.equal(stored.metadata.buffer, stored.bytes.buffer);
});

test("what has no revision yet has a newline behind it, too", () => {
  const stored = Stored.written(encoding, "/k", key, encoding.ordered(draft())).freeze();
  assert.equal(text(stored.line), `${text(stored.bytes)}\n`);
});

test("the writer's own form is used when the store still has it", () => {
  const written = Stored.written(encoding, "/k", key, encoding.ordered(draft()));
  const entry = { key: "/k", value: written.value, modRevision: 7, createRevision: 7, attachment: written };
  assert.equal(Stored.read(encoding, entry, key), written);
  assert.equal(written.revision, 7);
  // Nothing that another definition wrote is taken over.
  assert.notEqual(Stored.read(new Encoding("v2", "ConfigMap"), entry, key), written);
});

test("a deletion is the old content at the new revision", () => {
  const stored = Stored.written(encoding, "/k", key, encoding.ordered(draft()));
  stored.settle(3);
  const gone = stored.at(9);
  assert.equal(gone.object.metadata.resourceVersion, "9");
  assert.deepEqual(JSON.parse(text(gone.bytes)), gone.object);
  assert.equal(stored.object.metadata.resourceVersion, "3");
});

test("a field called __proto__ is data like any other", () => {
  const strange = JSON.parse('{"metadata":{"name":"a"},"__proto__":{"x":1}}') as AnyDraft;
  const stored = Stored.written(encoding, "/k", key, encoding.ordered(strange));
  assert.match(text(stored.value), /"__proto__":\{"x":1\}/);
});

test("an object that was shrunk is the same when it is asked for again", () => {
  const stored = Stored.written(encoding, "/k", key, encoding.ordered(draft()));
  stored.settle(12);
  const before = { object: structuredClone(stored.object), bytes: text(stored.bytes), metadata: text(stored.metadata) };
  stored.shrink();
  assert.equal(stored.parsed, false);
  assert.deepEqual({ object: stored.object, bytes: text(stored.bytes), metadata: text(stored.metadata) }, before);
  assert.ok(Object.isFrozen(stored.object.metadata));
});

test("an object that was read from another version is what it was converted to, shrunk or not, and so is its deletion", () => {
  const value = new TextEncoder().encode(
    '{"kind":"ConfigMap","apiVersion":"v1beta1","metadata":{"name":"a"},"old":{}}',
  );
  const entry = { key: "/k", value, modRevision: 5, createRevision: 5 };
  const converted = { ...draft(), data: { x: "1" } } as AnyDraft;
  const stored = Stored.converted(encoding, entry, key, converted);
  const deleted = stored.at(6);
  for (const each of [stored, deleted]) {
    each.shrink();
    assert.deepEqual((each.object as unknown as { data: unknown }).data, { x: "1" });
    assert.equal(each.object.apiVersion, "v1");
  }
});
