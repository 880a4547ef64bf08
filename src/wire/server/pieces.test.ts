import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined, sliced } from "./pieces.ts";

const content = (sizes: readonly number[]) => sizes.map((size, index) => new Uint8Array(size).fill(index % 251));

test("joined pieces are the same bytes in larger pieces, whichever side is slow", () => {
  const sizes = fc.array(fc.oneof(fc.nat(300), fc.nat(200_000)), { maxLength: 60 });
  fc.assert(
    fc.property(sizes, fc.infiniteStream(fc.nat(3)), (lengths, delays) => {
      const parts = content(lengths);
      const whole = joined(parts);
      /** Written, but the socket is not done with it yet. */
      const under: Uint8Array[] = [];
      const out: Buffer[] = [];
      const settle = () => {
        const piece = under.shift()!;
        // What the socket sends when it comes to it.
        out.push(Buffer.from(piece));
        whole.written(piece);
      };
      for (const piece of whole.pieces) {
        under.push(piece);
        while (under.length > delays.next().value) settle();
      }
      while (under.length > 0) settle();
      assert.ok(Buffer.concat(out).equals(Buffer.concat(parts)));
    }),
  );
});

test("a producer may reuse the memory of a small piece for the next one", () => {
  const shared = new Uint8Array(65_535);
  function* reusing(lengths: readonly number[]): Generator<Uint8Array> {
    for (const [index, length] of lengths.entries()) yield shared.fill(index % 251).subarray(0, length);
  }
  fc.assert(
    fc.property(fc.array(fc.nat(shared.length), { maxLength: 30 }), (lengths) => {
      // None is written before all are there.
      const pieces = [...joined(reusing(lengths)).pieces];
      assert.ok(Buffer.concat(pieces).equals(Buffer.concat(content(lengths))));
    }),
  );
});

test("a long body takes two buffers", () => {
  const whole = joined(Array.from({ length: 100_000 }, () => new Uint8Array(1000)));
  const used = new Set<ArrayBufferLike>();
  let last: Uint8Array | undefined;
  for (const piece of whole.pieces) {
    used.add(piece.buffer);
    if (last) whole.written(last);
    last = piece;
  }
  assert.equal(used.size, 2);
});

test("a piece that is flushed twice is given out once", () => {
  const whole = joined(Array.from({ length: 1000 }, () => new Uint8Array(1000)));
  const pieces = whole.pieces[Symbol.iterator]();
  const first = pieces.next().value!;
  whole.written(first);
  whole.written(first);
  const given = [pieces.next().value!, pieces.next().value!, pieces.next().value!];
  assert.equal(new Set(given.map(({ buffer }) => buffer)).size, 3);
});

test("one large piece is cut", () => {
  const bytes = new Uint8Array(300_000).fill(7);
  const pieces = [...sliced(bytes).pieces];
  assert.ok(pieces.length > 4);
  assert.ok(Buffer.concat(pieces).equals(bytes));
});
