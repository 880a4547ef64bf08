/** How much is joined before it is handed to the socket. */
const PIECE = 64 * 1024;

/** Pieces of a body in the sizes that a socket likes. */
export interface Pieces {
  readonly pieces: Iterable<Uint8Array, undefined>;
  /** The piece has been written: its memory may be used for another one of the same body. */
  written(piece: Uint8Array): void;
}

/**
 * Joins small pieces. A long list is written with two or three buffers in turn: with new ones for all of it, the
 * collector would go through the whole heap for every list.
 */
export function joined(pieces: Iterable<Uint8Array>): Pieces & { readonly pieces: Generator<Uint8Array, undefined> } {
  const spare: ArrayBufferLike[] = [];
  const given = new Set<ArrayBufferLike>();
  const take = () => {
    const buffer = new Uint8Array(spare.pop() ?? new ArrayBuffer(PIECE));
    given.add(buffer.buffer);
    return buffer;
  };
  return {
    pieces: join(pieces, take),
    written({ buffer }) {
      if (given.delete(buffer)) spare.push(buffer);
    },
  };
}

function* join(pieces: Iterable<Uint8Array>, take: () => Uint8Array): Generator<Uint8Array, undefined> {
  let buffer = take();
  let used = 0;
  for (const piece of pieces) {
    if (used + piece.length > PIECE) {
      if (used > 0) {
        yield buffer.subarray(0, used);
        buffer = take();
        used = 0;
      }
      if (piece.length >= PIECE) {
        yield piece;
        continue;
      }
    }
    buffer.set(piece, used);
    used += piece.length;
  }
  if (used > 0) yield buffer.subarray(0, used);
}

/** Cuts what is one piece already. */
export const sliced = (bytes: Uint8Array): Pieces => ({ pieces: slices(bytes), written() {} });

function* slices(bytes: Uint8Array): Generator<Uint8Array, undefined> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}
