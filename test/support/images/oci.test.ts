import assert from "node:assert/strict";
import { test } from "node:test";
import { image, index, layer, sha256 } from "./oci.ts";

test("equal contents make equal images, other ones others; every blob is what its digest says", () => {
  const make = (text: string) =>
    index([image([layer([{ type: "file", path: "a", content: text }])], { Cmd: ["sh"], Labels: { a: "b" } })]);
  assert.equal(make("one").root.digest, make("one").root.digest);
  assert.notEqual(make("one").root.digest, make("two").root.digest);
  for (const [digest, bytes] of make("one").blobs) assert.equal(sha256(bytes), digest);
});
