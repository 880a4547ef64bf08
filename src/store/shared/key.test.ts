import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { prefixEnd } from "../contract.ts";
import { compareKeys, isWide } from "./key.ts";

const key = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "/", "\ue000", "\u{1f600}") }),
);

test("keys compare as their bytes do", () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      assert.equal(Math.sign(compareKeys(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

test("a key that is not wide compares with any other as a string", () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      if (!isWide(a)) assert.equal(compareKeys(a, b) < 0, a < b);
    }),
  );
});

test("the end of a prefix comes after all keys with it, and before all later ones", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "0", "é", "\u{1f600}"), minLength: 1 });
  fc.assert(
    fc.property(text, text, (prefix, other) => {
      const end = prefixEnd(`${prefix}/`);
      const within = compareKeys(other, `${prefix}/`) >= 0 && compareKeys(other, end) < 0;
      assert.equal(within, other.startsWith(`${prefix}/`));
    }),
  );
});
