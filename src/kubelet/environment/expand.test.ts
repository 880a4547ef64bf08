import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { expand } from "./expand.ts";

const VALUES: Readonly<Record<string, string>> = { A: "alpha", EMPTY: "", DOLLAR: "$(A)", "with space": "w" };
const valueOf = (name: string) => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined);

describe("expansion of $(NAME)", () => {
  const cases: readonly (readonly [text: string, expanded: string])[] = [
    ["", ""],
    ["plain", "plain"],
    ["$(A)", "alpha"],
    ["x$(A)y$(A)", "xalphayalpha"],
    ["$(EMPTY)", ""],
    ["$(NONE)", "$(NONE)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$alpha"],
    ["$$$$(A)", "$$(A)"],
    ["$(DOLLAR)", "$(A)"],
    ["$(with space)", "w"],
    ["$()", "$()"],
    ["$A", "$A"],
    ["${A}", "${A}"],
    ["$", "$"],
    ["a$", "a$"],
    ["$(A", "$(A"],
    ["$($(A)", "$($(A)"],
    ["$(A))", "alpha)"],
    ["$(\n)", "$(\n)"],
    ["$ü$(A)", "$üalpha"],
  ];
  for (const [text, expanded] of cases) {
    test(`is upstream's: ${JSON.stringify(text)}`, () => assert.equal(expand(text, valueOf), expanded));
  }
});

/** Pieces whose expansion is known, however they stand beside each other. */
const piece = fc.oneof(
  fc
    .string()
    .map((text) => text.replaceAll("$", ""))
    .map((text) => [text, text] as const),
  fc.constantFrom(...Object.entries(VALUES)).map(([name, value]) => [`$(${name})`, value] as const),
  fc.constant(["$$", "$"] as const),
  fc.constant(["$(NONE)", "$(NONE)"] as const),
);

test("a text expands piece by piece, each as if it stood alone", () => {
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.map(([from]) => from).join("");
      assert.equal(expand(text, valueOf), pieces.map(([, to]) => to).join(""));
    }),
  );
});

test("with every $ doubled a text stays as it is", () => {
  fc.assert(
    fc.property(fc.string(), (text) =>
      assert.equal(
        expand(
          text.replaceAll("$", () => "$$"),
          valueOf,
        ),
        text,
      ),
    ),
  );
});
