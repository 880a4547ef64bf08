/** A fingerprint of bytes for ETag and `?hash=`: 128 bits in hex, four FNV-1a sums with different seeds. Not for secrets. */
export function fingerprint(bytes: Uint8Array): string {
  let a = 0x811c9dc5;
  let b = 0x050c5d1f;
  let c = 0x9dc58bea;
  let d = 0x1b873593;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte ^ (a >>> 16), 0x01000193);
    c = Math.imul(c ^ byte ^ (b >>> 16), 0x85ebca6b);
    d = Math.imul(d ^ byte ^ (c >>> 16), 0xc2b2ae35);
  }
  return [a, b, c, d]
    .map((sum) => (sum >>> 0).toString(16).padStart(8, "0"))
    .join("")
    .toUpperCase();
}
