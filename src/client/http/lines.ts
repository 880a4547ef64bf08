/** A line of a stream grew beyond what is taken. */
export class LineTooLong extends Error {
  constructor(limit: number) {
    super(`a line of the stream is longer than ${limit} bytes`);
    this.name = "LineTooLong";
  }
}

const NEWLINE = 10;

/**
 * Cuts a stream of bytes into lines of text: all lines that a chunk completes at once, so that they can be
 * handled together. A last line without its end is dropped: it was cut off. Throws {@link LineTooLong}.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let pieces: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const last = chunk.subarray(start, end);
      if (held + last.length > limit) throw new LineTooLong(limit);
      const line = held === 0 ? decoder.decode(last) : decoder.decode(joined([...pieces, last], held + last.length));
      if (line.trim() !== "") lines.push(line);
      pieces = [];
      held = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      const rest = chunk.subarray(start);
      held += rest.length;
      if (held > limit) throw new LineTooLong(limit);
      pieces.push(rest);
    }
    if (lines.length > 0) yield lines;
  }
}

/** All bytes of a stream. Throws when there are more than `limit`. */
export async function bytesOf(chunks: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) throw new Error(`the answer is longer than ${limit} bytes`);
    pieces.push(chunk);
  }
  return joined(pieces, size);
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
