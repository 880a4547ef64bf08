import assert from "node:assert/strict";
import { test } from "node:test";
import { documentForm } from "./media.ts";

const PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const OLD_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

test("the form of the document is the one that the Accept header prefers", () => {
  for (const [accept, form] of [
    ["", "json"],
    ["*/*", "json"],
    ["*", "json"],
    ["application/*", "json"],
    ["application/json", "json"],
    [PROTOBUF, "protobuf"],
    [OLD_PROTOBUF, "protobuf"],
    [`${PROTOBUF};q=0.5, application/json`, "json"],
    [`application/json;q=0.5,${OLD_PROTOBUF}; q=0.9`, "protobuf"],
    [`*/*,${PROTOBUF}`, "protobuf"],
    [`text/html, application/yaml, */*;q=0.1`, "json"],
    ["application/yaml", undefined],
    ["text/*", undefined],
    ["application/vnd.kubernetes.protobuf", undefined],
    ["application", undefined],
  ] as const) {
    assert.equal(documentForm(accept), form, accept);
  }
});
