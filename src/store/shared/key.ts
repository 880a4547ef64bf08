import type { Commit } from "../contract.ts";

/** Longest key, in bytes of UTF-8. Well above what Kubernetes can form, well below what LMDB can hold. */
const MAX_KEY_BYTES = 1024;

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

function checkKey(key: string): void {
  if (key === "") throw new RangeError("empty key");
  if (key.includes("\0")) throw new RangeError("a key may not contain NUL");
  if (!key.isWellFormed()) throw new RangeError("a key must be well-formed Unicode");
  // No code unit takes more than 3 bytes.
  if (key.length * 3 > MAX_KEY_BYTES && new TextEncoder().encode(key).length > MAX_KEY_BYTES) {
    throw new RangeError(`a key may not be longer than ${MAX_KEY_BYTES} bytes`);
  }
}
