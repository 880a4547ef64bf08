import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { base64Length, decodeBase64, encodeBase64 } from "./base64.ts";

test("a text comes back from base64 as it was, a byte order mark included", () => {
  assert.equal(decodeBase64("77u/YQ=="), "\ufeffa");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const encoded = encodeBase64(text);
      assert.equal(encoded, Buffer.from(text).toString("base64"));
      assert.equal(decodeBase64(encoded), text);
      assert.equal(base64Length(encoded), Buffer.byteLength(text));
    }),
  );
});
