import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { prefixEnd } from "../contract.ts";
import { compareKeys, encodableBound, isKey, isWide } from "./key.ts";

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

test("the encodable form of a bound divides the possible keys as the bound does, and fits into 1,028 bytes", () => {
  const text = fc.string({ unit: fc.constantFrom("\0", "\u0001", "a", "/", "\ue000", "\u{1f600}"), maxLength: 6 });
  const padding = fc.constantFrom(
    "",
    "x".repeat(1015),
    "\u20ac".repeat(339),
    "\u{1f600}".repeat(255),
    "x".repeat(9000),
  );
  const long = fc.tuple(text, padding, text).map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      long.filter(isKey),
      long,
      // Near each other, so that they differ late.
      fc.boolean(),
      (key, other, near) => {
        const bound = near ? key + other : other;
        const encodable = encodableBound(bound);
        assert.equal(compareKeys(key, encodable) < 0, compareKeys(key, bound) < 0);
        assert(!encodable.includes("\0") && Buffer.byteLength(encodable) <= 1028);
      },
    ),
    { numRuns: 2_000 },
  );
});
