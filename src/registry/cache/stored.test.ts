import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyDraft } from "#objects";
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

test("what another version of the kind wrote is read as the version that is stored now", () => {
  const value = new TextEncoder().encode(
    '{"kind":"ConfigMap","apiVersion":"v1beta1","metadata":{"name":"a"},"data":{}}',
  );
  const entry = { key: "/k", value, modRevision: 5, createRevision: 5 };
  const stored = Stored.read(encoding, entry, key);
  assert.equal(stored.parsed, false);
  assert.equal(stored.object.apiVersion, "v1");
  assert.deepEqual(JSON.parse(text(stored.bytes)), stored.object);
  assert.equal(stored.object.metadata.resourceVersion, "5");
  assert.equal(text(stored.line), `${text(stored.bytes)}\n`);
});

test("its metadata are a part of its bytes", () => {
  const strange = draft();
  strange.metadata.annotations = { a: '"}{\\', "b{": "}" };
  const stored = Stored.written(encoding, "/k", key, encoding.ordered(strange));
  stored.settle(12);
  assert.deepEqual(JSON.parse(text(stored.metadata)), stored.object.metadata);
  assert.equal(stored.metadata.buffer, stored.bytes.buffer);
  const value = new TextEncoder().encode('{"kind":"ConfigMap","metadata":{"name":"a"}}');
  const other = Stored.read(encoding, { key: "/k", value, modRevision: 5, createRevision: 5 }, key);
  assert.deepEqual(JSON.parse(text(other.metadata)), other.object.metadata);
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
