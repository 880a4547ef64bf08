import { constants, createDeflate, createInflate } from "node:zlib";
import { DICTIONARY } from "./dictionary.ts";
import { SpdyError } from "./frames.ts";

/** Names in lower case. Of a name that has several values, the first. */
export type SpdyHeaders = ReadonlyMap<string, string>;

/** Bytes of a block once it is inflated. */
const MAX_BLOCK = 64 * 1024;

/** One direction of a session: every block builds on those before it, so that calls must not overlap. */
export interface HeaderCodec<In, Out> {
  run(input: In): Promise<Out>;
  close(): void;
}

/** Compresses header blocks. */
export function createHeaderDeflater(): HeaderCodec<SpdyHeaders, Uint8Array> {
  // A small window: blocks are short, and there are two of these for each session.
  const deflate = createDeflate({ dictionary: DICTIONARY, windowBits: 11, memLevel: 1 });
  deflate.on("error", () => {});
  return {
    run: (headers) =>
      new Promise((resolve, reject) => {
        const failed = () => reject(new SpdyError("the session is closed"));
        if (deflate.destroyed) return failed();
        deflate.once("close", failed);
        deflate.write(encodeBlock(headers));
        deflate.flush(constants.Z_SYNC_FLUSH, () => {
          deflate.off("close", failed);
          const parts: Buffer[] = [];
          for (let part = deflate.read() as Buffer | null; part; part = deflate.read() as Buffer | null)
            parts.push(part);
          resolve(Buffer.concat(parts));
        });
      }),
    close: () => deflate.destroy(),
  };
}

/** Inflates header blocks. Rejects with a {@link SpdyError}; there is no going on after that. */
export function createHeaderInflater(): HeaderCodec<Uint8Array, SpdyHeaders> {
  const inflate = createInflate({ dictionary: DICTIONARY });
  let parts: Buffer[] = [];
  let size = 0;
  let fail: (error: SpdyError) => void = () => {};
  const broken = (message: string) => () => {
    fail(new SpdyError(message));
    inflate.destroy();
  };
  inflate.on("data", (part: Buffer) => {
    size += part.length;
    if (size > MAX_BLOCK) broken("a header block is too long")();
    else parts.push(part);
  });
  inflate.on("error", broken("a header block is not compressed as it should be"));
  inflate.on("end", broken("the compressed headers have ended"));
  inflate.on("close", broken("the session is closed"));
  return {
    run: (block) =>
      new Promise((resolve, reject) => {
        fail = reject;
        if (inflate.destroyed) return broken("the session is closed")();
        parts = [];
        size = 0;
        inflate.write(block, (error) => {
          if (error) return;
          try {
            resolve(decodeBlock(Buffer.concat(parts)));
          } catch (problem) {
            reject(problem as Error);
          }
        });
      }),
    close: () => inflate.destroy(),
  };
}

/** A count, then names and values, each after its length. */
function encodeBlock(headers: SpdyHeaders): Buffer {
  const parts = [number(headers.size)];
  for (const [name, value] of headers) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text, "utf8");
      parts.push(number(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function decodeBlock(block: Buffer): SpdyHeaders {
  let at = 0;
  const take = (length: number) => {
    if (at + length > block.length) throw new SpdyError("a header block is too short");
    at += length;
    return block.subarray(at - length, at);
  };
  const text = () => take(take(4).readUInt32BE(0)).toString("utf8");
  const headers = new Map<string, string>();
  for (let left = take(4).readUInt32BE(0); left > 0; left -= 1) {
    const name = text().toLowerCase();
    const [value = ""] = text().split("\0");
    if (!headers.has(name)) headers.set(name, value);
  }
  return headers;
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}
