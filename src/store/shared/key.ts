import type { Commit } from "../contract.ts";

/** Longest key, in bytes of UTF-8. Well above what Kubernetes can form, well below what LMDB can hold. */
const MAX_KEY_BYTES = 1024;

/** Bytes of UTF-8 that a character may take. */
const LONGEST_CHARACTER = 4;

/** A code unit from which on UTF-16 and UTF-8 disagree about order: surrogates, and all that sorts after them. */
const FIRST_WIDE = 0xd800;
const WIDE = /[\ud800-\uffff]/;

/** Whether plain string comparison may order this key differently from its UTF-8 bytes. */
export function isWide(key: string): boolean {
  return WIDE.test(key);
}

/** Orders keys as their UTF-8 bytes would be. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they sort after every other code unit. */
function rank(unit: number): number {
  if (unit < FIRST_WIDE) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/**
 * Refuses what no engine can store: an empty or over-long key, one with a NUL or half a surrogate pair, a key
 * written twice in one commit.
 *
 * @throws RangeError
 */
export function checkCommit(commit: Commit): void {
  const { writes, expect } = commit;
  for (const write of writes) checkKey(write.key);
  for (const { key } of expect) checkKey(key);
  if (writes.length > 1 && new Set(writes.map(({ key }) => key)).size !== writes.length) {
    throw new RangeError("a commit may write a key only once");
  }
}

/**
 * The same bound of a range in a form that engines can encode: for every key that a store may hold, it lies before
 * the result exactly if it lies before `bound`. Bounds come from clients (continue tokens), who may write anything.
 *
 * No key has a NUL, so all keys after `b` (a page that goes on at `b\0`) start at `b\u0001`; and no key is as long
 * as the first characters of an over-long bound, which therefore say as much as the whole.
 */
export function encodableBound(bound: string): string {
  const nul = bound.indexOf("\0");
  const known = nul === -1 ? bound : `${bound.slice(0, nul)}\u0001`;
  if (!isTooLong(known)) return known;
  const { read } = new TextEncoder().encodeInto(known, new Uint8Array(MAX_KEY_BYTES + LONGEST_CHARACTER));
  return known.slice(0, read);
}

/** Whether a store may hold this key at all. */
export function isKey(key: string): boolean {
  return key !== "" && !key.includes("\0") && key.isWellFormed() && !isTooLong(key);
}

function isTooLong(key: string): boolean {
  // No code unit takes more than 3 bytes.
  return key.length * 3 > MAX_KEY_BYTES && new TextEncoder().encode(key).length > MAX_KEY_BYTES;
}

function checkKey(key: string): void {
  if (key === "") throw new RangeError("empty key");
  if (key.includes("\0")) throw new RangeError("a key may not contain NUL");
  if (!key.isWellFormed()) throw new RangeError("a key must be well-formed Unicode");
  if (isTooLong(key)) {
    throw new RangeError(`a key may not be longer than ${MAX_KEY_BYTES} bytes`);
  }
}
