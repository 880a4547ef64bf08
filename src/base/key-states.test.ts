import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyStates } from "./key-states.ts";

const keys = fc.constantFrom("a", "b", "c");
const step = fc.record({ do: fc.constantFrom("add", "take", "succeed", "fail"), key: keys } as const);

test("whatever is added, taken and done in whatever order: no key is handled twice at once, and none that was added is lost", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const states = new KeyStates();
      const handling = new Set<string>();
      /** Keys that were added and not taken since. */
      const owed = new Set<string>();
      const failures = new Map<string, number>();
      const take = () => {
        const key = states.take();
        if (key === undefined) return;
        assert.equal(handling.has(key), false, `${key} is handled twice at once`);
        assert.ok(owed.delete(key), `${key} was not added`);
        handling.add(key);
      };
      for (const { do: what, key } of steps) {
        if (what === "take") take();
        else if (what === "add") {
          states.add(key);
          owed.add(key);
        } else if (handling.delete(key)) {
          if (what === "succeed") {
            failures.delete(key);
            states.succeed(key);
          } else {
            failures.set(key, (failures.get(key) ?? 0) + 1);
            assert.equal(states.fail(key), failures.get(key));
          }
        }
        assert.equal(states.handling, handling.size);
      }
      for (const key of handling) states.succeed(key);
      handling.clear();
      for (const _ of [...owed]) take();
      assert.deepEqual(owed, new Set());
    }),
  );
});

test("a key that failed counts until it is added again and handled", () => {
  const states = new KeyStates();
  states.add("a");
  states.take();
  states.fail("a");
  assert.equal(states.size, 1);
  assert.equal(states.take(), undefined);
  states.add("a");
  assert.equal(states.size, 1);
  assert.equal(states.take(), "a");
  states.succeed("a");
  assert.equal(states.size, 0);
});

test("a key that is added while it is handled and fails does not back off", () => {
  const states = new KeyStates();
  states.add("a");
  states.take();
  states.add("a");
  states.fail("a");
  assert.equal(states.size, 1);
  assert.equal(states.take(), "a");
});
