import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createDueHeap, type Due } from "./timer-heap.ts";

test("a heap gives back what is due, in order, as a sorted list would", () => {
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), at: fc.integer({ min: 0, max: 20 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("take" as const), limit: fc.integer({ min: 0, max: 20 }) }) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 400 }), (actions) => {
      const heap = createDueHeap<Due>();
      let model: Due[] = [];
      const all: Due[] = [];
      for (const [order, step] of actions.entries()) {
        if (step.do === "add") {
          const item = { at: step.at, order };
          heap.add(item);
          model.push(item);
          all.push(item);
        } else if (step.do === "remove" && all.length > 0) {
          // Also what was taken or removed before.
          const item = all[step.which % all.length]!;
          heap.remove(item);
          model = model.filter((other) => other !== item);
        } else if (step.do === "take") {
          const [first] = model.toSorted((a, b) => a.at - b.at || a.order - b.order);
          const expected = first && first.at <= step.limit ? first : undefined;
          assert.equal(heap.takeUntil(step.limit), expected);
          model = model.filter((other) => other !== expected);
        }
        assert.equal(heap.size, model.length);
      }
    }),
  );
});

test("a heap does not hold on to what was removed", () => {
  const heap = createDueHeap<Due>();
  const items = Array.from({ length: 10_000 }, (_, order) => ({ at: order % 97, order }));
  for (const item of items) heap.add(item);
  for (const item of items) if (item.order % 10 !== 0) heap.remove(item);
  assert.equal(heap.size, 1000);
  let last = -1;
  for (let item = heap.takeUntil(Infinity); item; item = heap.takeUntil(Infinity)) {
    assert.ok(item.at >= last);
    assert.equal(item.order % 10, 0);
    last = item.at;
  }
  assert.equal(heap.size, 0);
});
