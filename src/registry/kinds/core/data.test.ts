import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configMaps } from "./config-map.ts";
import { secrets } from "./secret.ts";
import { body, cells, wrong, wrongChange } from "../testing/try-kind.ts";

describe("ConfigMap", () => {
  test("keys are file names, and each stands in data or binaryData, not in both", () => {
    assert.deepEqual(wrong(configMaps, { data: { "a/b": "", c: "1" }, binaryData: { c: "AA==" } }), [
      "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      'data[c]: Invalid value: "c": duplicate of key present in binaryData',
    ]);
  });

  test("a key may be called as anything is that objects inherit", () => {
    assert.deepEqual(
      wrong(configMaps, { data: { toString: "1", constructor: "2" }, binaryData: { valueOf: "AA==" } }),
      [],
    );
  });

  test("holds a mebibyte", () => {
    const megabyte = "x".repeat(1024 * 1024);
    assert.deepEqual(wrong(configMaps, { data: { a: megabyte } }), []);
    assert.deepEqual(wrong(configMaps, { data: { a: megabyte, b: "é" } }), [
      ": Too long: may not be more than 1048576 bytes",
    ]);
  });

  test("stays as it is once it is immutable", () => {
    const old = { immutable: true, data: { a: "1" } };
    assert.deepEqual(wrongChange(configMaps, old, { data: { a: "2" }, binaryData: { b: "AA==" } }), [
      "immutable: Forbidden: field is immutable when `immutable` is set",
      "data: Forbidden: field is immutable when `immutable` is set",
      "binaryData: Forbidden: field is immutable when `immutable` is set",
    ]);
    assert.deepEqual(wrongChange(configMaps, old, { ...old, metadata: { labels: { a: "b" } } }), []);
  });

  test("shows the number of its keys as a column", () =>
    assert.deepEqual(cells(configMaps, { data: { a: "1" }, binaryData: { b: "" } }), { Data: 2 }));
});

describe("Secret", () => {
  test("stringData becomes data and wins over it", () => {
    assert.deepEqual(body(secrets, { data: { a: "b2xk", b: "Yg==" }, stringData: { a: "né" } }), {
      type: "Opaque",
      data: { a: "bsOp", b: "Yg==" },
    });
  });

  const needs: readonly (readonly [type: string, data: Record<string, string>, errors: readonly string[]])[] = [
    ["kubernetes.io/tls", {}, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]],
    ["kubernetes.io/tls", { "tls.crt": "", "tls.key": "" }, []],
    ["kubernetes.io/basic-auth", { password: "" }, []],
    ["kubernetes.io/basic-auth", {}, ["data[username]: Required value", "data[password]: Required value"]],
    ["kubernetes.io/ssh-auth", { "ssh-privatekey": "" }, ["data[ssh-privatekey]: Required value"]],
    ["kubernetes.io/dockerconfigjson", {}, ["data[.dockerconfigjson]: Required value"]],
    ["kubernetes.io/dockerconfigjson", { ".dockerconfigjson": "e30=" }, []],
    [
      "kubernetes.io/dockerconfigjson",
      { ".dockerconfigjson": "" },
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input'],
    ],
    [
      "kubernetes.io/service-account-token",
      {},
      ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
    ],
  ];
  for (const [type, data, errors] of needs) {
    test(`a Secret of type ${type} with ${JSON.stringify(data)} gets upstream's verdict`, () =>
      assert.deepEqual(wrong(secrets, { type, data }), errors));
  }

  test("the type is immutable", () => {
    assert.deepEqual(wrongChange(secrets, { type: "a" }, { type: "b" }), [
      'type: Invalid value: "b": field is immutable',
    ]);
  });
});
