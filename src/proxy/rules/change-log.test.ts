import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChangeLog } from "./change-log.ts";

interface Thing {
  readonly name: string;
  readonly version: number;
}

test("a change log says how each thing was when changes were last taken, and how it is now", () => {
  const things = fc.uniqueArray(fc.record({ name: fc.constantFrom("a", "b", "c"), version: fc.nat(2) }), {
    selector: ({ name }) => name,
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(things, fc.boolean())), (steps) => {
      const log = new ChangeLog<Thing>();
      let now: readonly Thing[] = [];
      const told = new Map<string, Thing>();
      const tell = () => {
        for (const [before, after] of log.take()) {
          const { name } = (after ?? before)!;
          assert.deepEqual(told.get(name), before);
          if (after) told.set(name, after);
          else told.delete(name);
        }
        assert.deepEqual(told, new Map(now.map((one) => [one.name, one])));
      };
      for (const [next, takes] of steps) {
        log.note(now, next);
        now = next;
        if (takes) tell();
      }
      tell();
      assert.deepEqual(log.take(), []);
    }),
  );
});
