import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { retainedBy } from "#base/testing";
import { RingEntry, Ring } from "./ring.ts";
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
