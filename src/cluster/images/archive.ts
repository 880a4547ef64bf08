import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** By what a packed file begins with. */
const PACKED = [
  { magic: Buffer.from([0x1f, 0x8b]), unpack: createGunzip },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unpack: createZstdDecompress },
] as const;
const LONGEST_MAGIC = 4;

/** The archive itself, if it was packed by gzip or zstd; nothing of it is kept in memory but what is on its way. */
export function decompressed(archive: Readable): Readable {
  const output = new PassThrough();
  void (async () => {
    const head: Buffer[] = [];
    let length = 0;
    const chunks = archive[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      head.push(Buffer.from(next.value));
      length += next.value.length;
      if (length >= LONGEST_MAGIC) break;
    }
    const start = Buffer.concat(head);
    const rest: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => chunks };
    const whole = Readable.from(concat(start, rest));
    const packed = PACKED.find(({ magic }) => start.subarray(0, magic.length).equals(magic));
    const done = (error?: Error | null) => error && output.destroy(error);
    if (packed) pipeline(whole, packed.unpack(), output, done);
    else pipeline(whole, output, done);
  })().catch((error: Error) => output.destroy(error));
  return output;
}

async function* concat(start: Buffer, rest: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (start.length > 0) yield start;
  yield* rest;
}
