/** Frames of SPDY/3.1 as bytes. */

const VERSION = 3;
const HEADER = 8;
/** A control frame carries headers at most; ours and upstream's have some hundred bytes. */
const MAX_CONTROL = 64 * 1024;

export const SYN_STREAM = 1;
export const SYN_REPLY = 2;
export const RST_STREAM = 3;
export const PING = 6;
export const GOAWAY = 7;
export const HEADERS = 8;

export const FLAG_FIN = 1;

/** Why a stream is reset. */
export const RST = { PROTOCOL_ERROR: 1, INVALID_STREAM: 2, REFUSED: 3, CANCEL: 5 } as const;

/** The other side does not keep to the protocol: the session ends. */
export class SpdyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SpdyError";
  }
}

/** What comes out of a connection. Data frames come in the pieces that the connection gives them in. */
export type Frame =
  /** `end`: nothing more comes on the stream. */
  | { readonly type: "data"; readonly stream: number; readonly bytes: Uint8Array; readonly end: boolean }
  /** `block`: the headers, compressed; it must be inflated whether it is wanted or not. */
  | {
      readonly type: "open" | "reply" | "headers";
      readonly stream: number;
      readonly end: boolean;
      readonly block: Uint8Array;
    }
  | { readonly type: "reset"; readonly stream: number; readonly status: number }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "goaway" };

interface Data {
  readonly stream: number;
  readonly fin: boolean;
  left: number;
}

/** Cuts a connection's bytes into frames. Holds at most one control frame. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);
  #data: Data | undefined;

  /** @throws SpdyError */
  *read(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#held.length > 0) rest = Buffer.concat([this.#held, rest]);
    for (;;) {
      if (this.#data) {
        const data: Data = this.#data;
        const bytes = rest.subarray(0, data.left);
        if (bytes.length === 0 && data.left > 0) break;
        rest = rest.subarray(bytes.length);
        data.left -= bytes.length;
        if (data.left === 0) this.#data = undefined;
        yield { type: "data", stream: data.stream, bytes, end: data.fin && data.left === 0 };
        continue;
      }
      if (rest.length < HEADER) break;
      const first = rest.readUInt32BE(0);
      const flags = rest[4]!;
      const length = rest.readUIntBE(5, 3);
      if (first < 0x8000_0000) {
        if (first === 0) throw new SpdyError("stream id zero is disallowed");
        this.#data = { stream: first, fin: (flags & FLAG_FIN) !== 0, left: length };
        rest = rest.subarray(HEADER);
        continue;
      }
      if (length > MAX_CONTROL) throw new SpdyError("a control frame is too long");
      if (rest.length < HEADER + length) break;
      if (((first >>> 16) & 0x7fff) !== VERSION) throw new SpdyError("another version of SPDY");
      const frame = controlFrame(first & 0xffff, flags, rest.subarray(HEADER, HEADER + length));
      rest = rest.subarray(HEADER + length);
      if (frame) yield frame;
    }
    // A copy: the rest of a large chunk must not keep all of it in memory.
    this.#held = Buffer.from(rest);
  }
}

function controlFrame(type: number, flags: number, payload: Buffer): Frame | undefined {
  const need = (length: number) => {
    if (payload.length < length) throw new SpdyError("a control frame is too short");
  };
  const id = () => {
    need(4);
    return payload.readUInt32BE(0) & 0x7fff_ffff;
  };
  const stream = () => {
    const found = id();
    if (found === 0) throw new SpdyError("stream id zero is disallowed");
    return found;
  };
  const end = (flags & FLAG_FIN) !== 0;
  switch (type) {
    case SYN_STREAM:
      need(10);
      return { type: "open", stream: stream(), end, block: payload.subarray(10) };
    case SYN_REPLY:
      return { type: "reply", stream: stream(), end, block: payload.subarray(4) };
    case HEADERS:
      return { type: "headers", stream: stream(), end, block: payload.subarray(4) };
    case RST_STREAM:
      need(8);
      return { type: "reset", stream: stream(), status: payload.readUInt32BE(4) };
    case PING:
      need(4);
      return { type: "ping", id: payload.readUInt32BE(0) };
    case GOAWAY:
      return { type: "goaway" };
    default:
      // SETTINGS and WINDOW_UPDATE mean nothing here, as they mean nothing to upstream's spdystream.
      return undefined;
  }
}

function control(type: number, flags: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER + payload.length);
  frame.writeUInt16BE(0x8000 | VERSION, 0);
  frame.writeUInt16BE(type, 2);
  frame[4] = flags;
  frame.writeUIntBE(payload.length, 5, 3);
  frame.set(payload, HEADER);
  return frame;
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

export function dataFrame(stream: number, bytes: Uint8Array, end: boolean): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + bytes.length);
  frame.writeUInt32BE(stream, 0);
  frame[4] = end ? FLAG_FIN : 0;
  frame.writeUIntBE(bytes.length, 5, 3);
  frame.set(bytes, HEADER);
  return frame;
}

export const openFrame = (stream: number, block: Uint8Array, end = false): Buffer =>
  control(SYN_STREAM, end ? FLAG_FIN : 0, Buffer.concat([words(stream, 0), Buffer.alloc(2), block]));
export const replyFrame = (stream: number, block: Uint8Array): Buffer =>
  control(SYN_REPLY, 0, Buffer.concat([words(stream), block]));
export const resetFrame = (stream: number, status: number): Buffer => control(RST_STREAM, 0, words(stream, status));
export const pingFrame = (id: number): Buffer => control(PING, 0, words(id));
export const goAwayFrame = (lastStream: number, status: number): Buffer =>
  control(GOAWAY, 0, words(lastStream, status));
