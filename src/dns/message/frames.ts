/** Messages over TCP: each behind its length in two bytes (RFC 1035, section 4.2.2). */
export interface Frames {
  push(chunk: Buffer): void;
  /** The next whole message. */
  next(): Buffer | undefined;
}

/** Takes a stream of bytes apart. Holds what was pushed and not yet taken: the caller stops pushing in time. */
export function createFrames(): Frames {
  let held: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    },
    next() {
      if (held.length < 2) return undefined;
      const end = 2 + held.readUInt16BE(0);
      if (held.length < end) return undefined;
      const message = held.subarray(2, end);
      held = held.subarray(end);
      return message;
    },
  };
}

export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
