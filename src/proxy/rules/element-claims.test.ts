import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ElementClaims } from "./element-claims.ts";
import { goto, type Element } from "./model.ts";

const element = (key: string, chain: string): Element => ({ of: "ips", key, verdict: goto(chain) });

/** What nft has, brought up to date by the changes that it is told. */
function follow(claims: ElementClaims, table: Map<string, Element>): void {
  for (const { before, after } of claims.takeChanges()) {
    if (before) {
      assert.deepEqual(table.get(before.key), before, "what is deleted is as the table has it");
      table.delete(before.key);
    }
    if (after) {
      assert.ok(!table.has(after.key), "what is added is not there");
      table.set(after.key, after);
    }
  }
}

describe("the claims on elements", () => {
  test("give an element to the first owner by name, and to the next when that one gives it up", () => {
    const claims = new ElementClaims();
    claims.replace("b", [], [element("x", "to-b")]);
    assert.deepEqual(claims.takeChanges(), [{ before: undefined, after: element("x", "to-b") }]);
    claims.replace("a", [], [element("x", "to-a")]);
    assert.deepEqual(claims.takeChanges(), [{ before: element("x", "to-b"), after: element("x", "to-a") }]);
    claims.replace("a", [element("x", "to-a")], []);
    assert.deepEqual(claims.takeChanges(), [{ before: element("x", "to-a"), after: element("x", "to-b") }]);
  });

  test("report nothing of an element that is given up and claimed again in between", () => {
    const claims = new ElementClaims();
    claims.replace("a", [], [element("x", "to-a")]);
    claims.takeChanges();
    claims.replace("a", [element("x", "to-a")], []);
    claims.replace("a", [], [element("x", "to-a")]);
    assert.deepEqual(claims.takeChanges(), []);
  });

  test("report changes that lead from any claims to any others, however many steps are gathered", () => {
    const owned = fc.uniqueArray(fc.constantFrom("x", "y", "z"));
    const step = fc.record({
      owner: fc.constantFrom("a", "b", "c"),
      keys: owned,
      chain: fc.nat(1),
      told: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const claims = new ElementClaims();
        const owners = new Map<string, readonly Element[]>();
        const table = new Map<string, Element>();
        for (const { owner, keys, chain, told } of steps) {
          const fresh = keys.map((key) => element(key, `${owner}-${chain}`));
          claims.replace(owner, owners.get(owner) ?? [], fresh);
          owners.set(owner, fresh);
          if (told) follow(claims, table);
        }
        follow(claims, table);
        const expected = new Map<string, Element>();
        for (const owner of [...owners.keys()].sort().reverse()) {
          for (const one of owners.get(owner) ?? []) expected.set(one.key, one);
        }
        const sorted = (all: Iterable<Element>) => [...all].sort((a, b) => (a.key < b.key ? -1 : 1));
        assert.deepEqual(sorted(table.values()), sorted(expected.values()));
        assert.deepEqual(sorted(claims.held()), sorted(expected.values()));
      }),
    );
  });
});
