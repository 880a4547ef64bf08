import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SelectorTable } from "./selector-table.ts";

const labels = fc.dictionary(fc.constantFrom("app", "tier", "constructor"), fc.constantFrom("a", "b", ""), {
  maxKeys: 3,
});
const selector = labels.filter((map) => Object.keys(map).length > 0);
const namespace = fc.constantFrom("x", "y");

const selects = (wanted: Readonly<Record<string, string>>, has: Readonly<Record<string, string>>) =>
  Object.entries(wanted).every(([label, value]) => Object.hasOwn(has, label) && has[label] === value);

test("property: it finds what a scan of all selectors finds, whatever was added and removed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(namespace, fc.constantFrom("s1", "s2", "s3", "s4"), fc.option(selector))),
      fc.array(fc.tuple(namespace, labels), { maxLength: 8 }),
      (changes, pods) => {
        const table = new SelectorTable();
        const model = new Map<string, readonly [string, Readonly<Record<string, string>>]>();
        for (const [space, name, wanted] of changes) {
          const key = `${space}/${name}`;
          const before = model.get(key);
          if (before) table.remove(space, key, before[1]);
          model.delete(key);
          if (!wanted) continue;
          table.add(space, key, wanted);
          model.set(key, [space, wanted]);
        }
        for (const [space, has] of pods) {
          const scanned = [...model].filter(([, [of, wanted]]) => of === space && selects(wanted, has));
          assert.deepEqual([...table.matching(space, has)].sort(), scanned.map(([key]) => key).sort());
        }
      },
    ),
  );
});
