import assert from "node:assert/strict";
import { test } from "node:test";
import type { FieldError } from "../field-error.ts";
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from "../generated/types.ts";
import {
  byteLength,
  dnsLabel,
  MAX_ANNOTATIONS_BYTES,
  sameJson,
  validateAnnotations,
  validateFieldManager,
  validateImmutable,
  validateLabels,
  validateLabelSelector,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from "./index.ts";

const texts = (errors: readonly FieldError[]) => errors.map(({ field, message }) => `${field}: ${message}`);
const onCreate = (meta: ObjectMeta, namespaced = true) => texts(validateObjectMeta(meta, { namespaced }));
const GOOD: ObjectMeta = { name: "a", namespace: "default" };

test("good metadata has no errors", () => {
  const owner: OwnerReference = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "r", uid: "u", controller: true };
  const meta: ObjectMeta = {
    ...GOOD,
    generateName: "a-",
    labels: { app: "web", "example.com/x": "" },
    annotations: { "Example.com/Any_Case": "anything at all" },
    ownerReferences: [owner, { ...owner, uid: "v", controller: false }],
    finalizers: ["example.com/f", "orphan"],
    generation: 3,
    managedFields: [{ manager: "m", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: {} }],
  };
  assert.deepEqual(onCreate(meta), []);
  assert.deepEqual(onCreate({ name: "a" }, false), []);
});

test("names and namespaces are checked in upstream's words", () => {
  assert.deepEqual(onCreate({ namespace: "default" }), [
    "metadata.name: Required value: name or generateName is required",
  ]);
  assert.match(
    onCreate({ ...GOOD, name: "A" }).join(),
    /^metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain/,
  );
  assert.match(
    onCreate({ ...GOOD, generateName: "A_b-" }).join(),
    /^metadata.generateName: Invalid value: "A_b-": a lower/,
  );
  assert.deepEqual(onCreate({ name: "a" }), ["metadata.namespace: Required value"]);
  assert.deepEqual(onCreate(GOOD, false), ["metadata.namespace: Forbidden: not allowed on this type"]);
  assert.match(onCreate({ ...GOOD, namespace: "a.b" }).join(), /must not contain dots/);
  const errors = validateObjectMeta({ name: "a.b" }, { namespaced: false, nameErrors: dnsLabel, path: "template" });
  assert.deepEqual(texts(errors), ['template.name: Invalid value: "a.b": must not contain dots']);
});

test("labels and annotations are checked in upstream's words, and annotations in their size", () => {
  assert.match(texts(validateLabels({ "a b": "c" }, "p")).join(), /^p: Invalid value: "a b": name part must consist/);
  assert.match(texts(validateLabels({ a: "b c" }, "p")).join(), /^p: Invalid value: "b c": a valid label must be/);
  assert.match(texts(validateAnnotations({ "a b": "" }, "p")).join(), /^p: Invalid value: "a b": name part/);
  const large = { a: "x".repeat(MAX_ANNOTATIONS_BYTES - 1) };
  assert.deepEqual(validateAnnotations(large, "p"), []);
  assert.deepEqual(texts(validateAnnotations({ ...large, b: "" }, "p")), [
    "p: Too long: may not be more than 262144 bytes",
  ]);
});

test("owner references are checked in upstream's words", () => {
  const owner: OwnerReference = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u", controller: true };
  const check = (...ownerReferences: OwnerReference[]) => onCreate({ ...GOOD, ownerReferences });
  assert.deepEqual(check({ apiVersion: "apps/", kind: "", name: "", uid: "" }), [
    'metadata.ownerReferences.apiVersion: Invalid value: "apps/": version must not be empty',
    'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
    'metadata.ownerReferences.name: Invalid value: "": must not be empty',
    'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
  ]);
  assert.deepEqual(check({ ...owner, apiVersion: "a/b/c" }), [
    'metadata.ownerReferences.apiVersion: Invalid value: "a/b/c": version must not be empty',
  ]);
  assert.deepEqual(check({ ...owner, apiVersion: "apps/v1" }), []);
  assert.match(check({ ...owner, kind: "Event" }).join(), /: \/v1, Kind=Event is disallowed from being an owner$/);
  assert.match(
    check(owner, { ...owner, name: "q" }).join(),
    /: Only one reference can have Controller set to true\. Found "true" in references for Pod\/p and Pod\/q$/,
  );
});

test("finalizers, the generation and managed fields are checked in upstream's words", () => {
  assert.match(
    onCreate({ ...GOOD, finalizers: ["a b"] }).join(),
    /^metadata.finalizers: Invalid value: "a b": name part/,
  );
  assert.deepEqual(onCreate({ ...GOOD, finalizers: ["orphan", "foregroundDeletion"] }), [
    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
  ]);
  assert.deepEqual(onCreate({ ...GOOD, generation: -1 }), [
    "metadata.generation: Invalid value: -1: must be greater than or equal to 0",
  ]);
  const entry = { operation: "Delete", fieldsType: "X", subresource: "s".repeat(257) } as ManagedFieldsEntry;
  assert.deepEqual(onCreate({ ...GOOD, managedFields: [entry] }), [
    'metadata.managedFields[0].operation: Invalid value: "Delete": must be `Apply` or `Update`',
    'metadata.managedFields[0].fieldsType: Invalid value: "X": must be `FieldsV1`',
    "metadata.managedFields[0].subresource: Too long: may not be more than 256 bytes",
  ]);
  assert.deepEqual(texts(validateFieldManager("a\u0001b", "fieldManager")), [
    'fieldManager: Invalid value: "a\\x01b": invalid character U+0001 (at position 1)',
  ]);
  assert.deepEqual(texts(validateFieldManager("m".repeat(129), "fieldManager")), [
    "fieldManager: Too long: may not be more than 128 bytes",
  ]);
});

test("updates leave alone what identifies an object", () => {
  const old: ObjectMeta = {
    ...GOOD,
    uid: "u",
    resourceVersion: "1",
    generation: 2,
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
  const check = (change: ObjectMeta, before: ObjectMeta = old) =>
    texts(validateObjectMetaUpdate({ ...before, ...change }, before));
  assert.deepEqual(check({ labels: { a: "b" } }), []);
  assert.deepEqual(check({ name: "b", namespace: "other", uid: "v" }), [
    'metadata.name: Invalid value: "b": field is immutable',
    'metadata.namespace: Invalid value: "other": field is immutable',
    'metadata.uid: Invalid value: "v": field is immutable',
  ]);
  assert.deepEqual(check({ creationTimestamp: "2026-01-02T00:00:00Z" }), [
    'metadata.creationTimestamp: Invalid value: "2026-01-02T00:00:00Z": field is immutable',
  ]);
  assert.deepEqual(check({ resourceVersion: "" }), [
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
  ]);
  assert.deepEqual(check({ generation: 1 }), ["metadata.generation: Invalid value: 1: must not be decremented"]);
  const going = { ...old, deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["a/b"] };
  assert.deepEqual(check({ finalizers: [] }, going), []);
  assert.deepEqual(check({ finalizers: ["a/b", "y/z", "c/d"] }, going), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d", "y/z"}',
  ]);
});

test("label selectors are checked part by part", () => {
  const selector = {
    matchLabels: { "a b": "c" },
    matchExpressions: [
      { key: "a", operator: "In", values: [] },
      { key: "a", operator: "Exists", values: ["b"] },
      { key: "", operator: "Is" },
      { key: "a", operator: "NotIn", values: ["x y"] },
    ],
  };
  const errors = texts(validateLabelSelector(selector, "spec.selector"));
  assert.match(errors[0]!, /^spec.selector.matchLabels: Invalid value: "a b": name part/);
  assert.equal(
    errors[1],
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  );
  assert.equal(
    errors[2],
    "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
  );
  assert.equal(
    errors[3],
    'spec.selector.matchExpressions[2].operator: Invalid value: "Is": not a valid selector operator',
  );
  assert.match(errors[4]!, /^spec.selector.matchExpressions\[2\].key: Invalid value: "": name part must be non-empty/);
  assert.match(errors.at(-1)!, /^spec.selector.matchExpressions\[3\].values\[0\]: Invalid value: "x y": a valid label/);
  assert.equal(validateLabelSelector(selector, "s", { allowInvalidValues: true }).length, errors.length - 1);
  assert.deepEqual(validateLabelSelector(undefined, "s"), []);
});

test("what is absent, null or empty is the same to immutability", () => {
  const same: readonly (readonly [unknown, unknown])[] = [
    [{ a: 1, b: [] }, { a: 1 }],
    [{ a: null }, {}],
    [undefined, {}],
    [{ a: { b: {} } }, { a: {} }],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
  ];
  const different: readonly (readonly [unknown, unknown])[] = [
    [{ a: 1 }, {}],
    [{}, { a: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    ["1", 1],
    [[], { a: 1 }],
    [[1], { 0: 1 }],
  ];
  for (const [a, b] of same) assert.deepEqual(validateImmutable(a, b, "p"), [], JSON.stringify([a, b]));
  for (const [a, b] of different) assert.equal(sameJson(a, b), false, JSON.stringify([a, b]));
  assert.deepEqual(texts(validateImmutable([1], [2], "spec.x")), ["spec.x: Invalid value: [1]: field is immutable"]);
});

test("the length of a text is counted in UTF-8", () => {
  for (const text of ["", "abc", "é", "€", "😀", "a😀é", "\ud800"]) {
    assert.equal(byteLength(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  }
});
