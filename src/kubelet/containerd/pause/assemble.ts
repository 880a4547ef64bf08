/** Machine code in pieces: bytes, the place of a label, or an instruction that needs to know how far a label is. */
export type Piece = Uint8Array | { readonly label: string } | Reference;

interface Reference {
  readonly to: string;
  readonly size: number;
  /** `distance`: from the instruction's first byte to the label. */
  readonly encode: (distance: number) => Uint8Array;
}

/** Puts the pieces together. Throws an Error for a label that is not defined. */
export function assemble(pieces: readonly Piece[]): Uint8Array {
  const places = new Map<string, number>();
  let size = 0;
  for (const piece of pieces) {
    if ("label" in piece) places.set(piece.label, size);
    else size += piece instanceof Uint8Array ? piece.length : piece.size;
  }
  const code = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    if ("label" in piece) continue;
    const bytes = piece instanceof Uint8Array ? piece : piece.encode(placeOf(places, piece.to) - at);
    code.set(bytes, at);
    at += bytes.length;
  }
  return code;
}

function placeOf(places: ReadonlyMap<string, number>, label: string): number {
  const place = places.get(label);
  if (place === undefined) throw new Error(`no label ${label}`);
  return place;
}

/** 32 bits, the lowest byte first. */
export const word = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
  return bytes;
};
