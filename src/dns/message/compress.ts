/** How far a pointer of a compressed name reaches (RFC 1035, section 4.1.4). */
const REACH = 0x4000;

/** The names that a message holds so far, so that later ones can point to them. Case counts. */
export interface Names {
  /** Remembers the uncompressed name at `offset` in the message, and all its tails. */
  add(name: Buffer, offset: number): void;
  /** The name as short as it can be said. */
  shorten(name: Buffer): Buffer;
}

/** Makes a {@link Names} for an empty message. */
export function createNames(): Names {
  const offsets = new Map<string, number>();
  return {
    add(name, offset) {
      for (let at = 0; name[at]; at += name[at]! + 1) {
        const tail = name.toString("latin1", at);
        if (offset + at < REACH && !offsets.has(tail)) offsets.set(tail, offset + at);
      }
    },
    shorten(name) {
      for (let at = 0; name[at]; at += name[at]! + 1) {
        const known = offsets.get(name.toString("latin1", at));
        if (known === undefined) continue;
        const short = Buffer.alloc(at + 2);
        name.copy(short, 0, 0, at);
        short.writeUInt16BE(0xc000 | known, at);
        return short;
      }
      return name;
    },
  };
}
