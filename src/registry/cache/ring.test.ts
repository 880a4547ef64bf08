import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { retainedBy } from "#base/testing";
import { RingEntry, Ring, RingBudget } from "./ring.ts";
import { Encoding, Stored } from "./stored.ts";

const encoding = new Encoding("v1", "Widget");
const key = { namespace: "", name: "a" };

/** A put of about so many bytes, or a deletion. */
const change = (revision: number, size: number | undefined) =>
  new RingEntry(
    revision,
    "/a",
    size === undefined
      ? undefined
      : Stored.written(encoding, "/a", key, { apiVersion: "v1", kind: "Widget", metadata: {}, x: "x".repeat(size) }),
    undefined,
  );

test("a ring holds the newest changes, by number and by bytes, and the newest one whatever it costs", () => {
  const sizes = fc.array(fc.option(fc.nat({ max: 400 }), { nil: undefined, freq: 5 }), { maxLength: 60 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 3000 }), (puts, max, maxCost) => {
      const ring = new Ring(10, max, maxCost);
      const all: RingEntry[] = [];
      for (const size of puts) {
        const next = change(11 + all.length, size);
        all.push(next);
        ring.push(next);

        const held = Array.from({ length: ring.end - ring.start }, (_, i) => ring.at(ring.start + i));
        assert.deepEqual(held, all.slice(all.length - held.length));
        assert.ok(held.length >= 1 && held.length <= max);
        const cost = held.reduce((sum, each) => sum + each.cost, 0);
        assert.ok(cost <= maxCost || held.length === 1, `${cost} bytes in ${held.length}`);
        // Nothing went that there was room for.
        const dropped = all.at(-held.length - 1);
        if (dropped) assert.ok(held.length === max || cost + dropped.cost > maxCost || dropped.cost === 0);
        assert.equal(ring.floor, dropped?.revision ?? 10);
        assert.equal(ring.after(ring.floor), ring.start);
      }
    }),
  );
});

test("what a ring holds after deletions, and after changes to smaller objects, is bounded", () => {
  const widget = (name: string, size: number) =>
    Stored.written(encoding, `/${name}`, key, { apiVersion: "v1", kind: "Widget", metadata: {}, x: "x".repeat(size) });
  const large = 100_000;
  const changes: Readonly<Record<string, (i: number) => RingEntry>> = {
    deleted: (i) => new RingEntry(i, `/${i}`, undefined, widget(`${i}`, large)),
    shrunk: (i) => new RingEntry(i, `/${i}`, widget(`${i}`, 1), widget(`${i}`, large)),
  };
  for (const [name, make] of Object.entries(changes)) {
    const ring = new Ring(0, 2048, 2 ** 20);
    // 100 MB pass through.
    const held = retainedBy(() => {
      for (let i = 1; i <= 1000; i++) ring.push(make(i));
    });
    assert.ok(ring.end - ring.start > 5, "the newest are there");
    assert.ok(held < 10 * 2 ** 20, `${name}: ${held} bytes are held`);
  }
});

test("rings that share a budget stay within it: the largest gives way, and each keeps its newest change", () => {
  const pushes = fc.array(fc.record({ ring: fc.nat({ max: 3 }), size: fc.nat({ max: 3000 }) }), { maxLength: 80 });
  fc.assert(
    fc.property(pushes, fc.integer({ min: 0, max: 10_000 }), (all, max) => {
      const budget = new RingBudget(max);
      const rings = Array.from({ length: 4 }, () => new Ring(0, 16, Infinity, budget));
      for (const [i, { ring, size }] of all.entries()) {
        const last = change(i + 1, size);
        rings[ring]!.push(last);
        assert.equal(rings[ring]!.at(rings[ring]!.end - 1), last, "the newest is there");
        const total = rings.reduce((sum, each) => sum + each.cost, 0);
        assert.ok(total <= max || rings.every((each) => each.end - each.start <= 1), `${total} of ${max} bytes`);
      }
    }),
  );
});

test("a ring that is let go gives its share of the budget back", () => {
  const budget = new RingBudget(5_000);
  const old = new Ring(0, 16, Infinity, budget);
  for (let i = 1; i <= 4; i++) old.push(change(i, 1_000));
  budget.leave(old);
  const next = new Ring(4, 16, Infinity, budget);
  for (let i = 5; i <= 8; i++) next.push(change(i, 1_000));
  assert.equal(next.end - next.start, 4);
});

test("what the rings of many kinds hold together is bounded", () => {
  const budget = new RingBudget(2 ** 20);
  const rings: Ring[] = [];
  // 60 MB pass through 60 rings of their own.
  const held = retainedBy(() => {
    for (let k = 0; k < 60; k++) {
      const ring = new Ring(0, 2048, 2 ** 20, budget);
      rings.push(ring);
      for (let i = 1; i <= 10; i++) ring.push(change(i, 100_000));
    }
  });
  assert.ok(rings.every((ring) => ring.end - ring.start >= 1));
  // Each keeps its newest, of 100 KB in bytes and once more as an object.
  assert.ok(held < 25 * 2 ** 20, `${held} bytes are held`);
});

test("a ring holds old objects of many small fields as bytes alone, and shows them to a late watcher all the same", () => {
  const data = (i: number) => Object.fromEntries(Array.from({ length: 100 }, (_, k) => [`k${i}-${k}`, `${k}`]));
  const widget = (i: number, revision: number) => {
    const draft = { apiVersion: "v1", kind: "Widget", metadata: { name: `${i}` }, data: data(i) };
    const stored = Stored.written(encoding, `/${i}`, key, draft as never);
    stored.settle(revision);
    return stored;
  };
  const ring = new Ring(0, 2048, 16 * 2 ** 20);
  const held = retainedBy(() => {
    for (let i = 0; i < 1_000; i++) {
      const change = new RingEntry(2 * i + 2, `/${i}`, undefined, widget(i, 2 * i + 1));
      assert.equal(change.seenThrough(() => true)?.type, "DELETED");
      ring.push(change);
    }
  });
  assert.equal(ring.end - ring.start, 1_000, "all are there");
  assert.ok(held < 8 * ring.cost, `${held} bytes are held for ${ring.cost}`);
  const event = ring.at(ring.start).seenThrough(() => true);
  assert.ok(event?.type === "DELETED");
  assert.deepEqual((event.object.object as unknown as { data: unknown }).data, data(0));
  assert.equal(event.object.object.metadata.resourceVersion, "2");
});
