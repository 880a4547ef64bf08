import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hasReason } from "#objects";
import { decodeContinue, encodeContinue } from "./continue-token.ts";

test("a token is upstream's", () => {
  const token = encodeContinue({ revision: 42, start: "default/a\0" });
  assert.equal(Buffer.from(token, "base64url").toString(), '{"v":"meta.k8s.io/v1","rv":42,"start":"default/a\\u0000"}');
  assert.deepEqual(decodeContinue(token), { revision: 42, start: "default/a\0" });
});

test("what is no token of ours is refused", () => {
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const v = "meta.k8s.io/v1";
  for (const [token, message] of [
    ["???", /invalid continue token: continue key is not valid/],
    [Buffer.from("{").toString("base64url"), /continue key is not valid/],
    [encoded({ v: "v2", rv: 1, start: "a" }), /server does not recognize this encoded version v2/],
    [encoded({ v, rv: 0, start: "a" }), /incorrect encoded start resourceVersion/],
    [encoded({ v, rv: 1, start: "" }), /encoded start key empty/],
    [encoded({ v, rv: 1, start: "../secrets/a" }), /continue key is not valid: \.\.\/secrets\/a/],
    [encoded({ v, rv: 1.5, start: "a" }), /continue key is not valid/],
    [encoded([]), /continue key is not valid/],
    [encoded(null), /continue key is not valid/],
  ] as const) {
    assert.throws(
      () => decodeContinue(token),
      (error) => hasReason(error, "BadRequest") && message.test(error.message),
    );
  }
});

test("no text makes it fail otherwise", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.json().map((text) => Buffer.from(text).toString("base64url")),
      ),
      (token) => {
        try {
          decodeContinue(token);
        } catch (error) {
          assert.ok(hasReason(error, "BadRequest"), String(error));
        }
      },
    ),
  );
});
