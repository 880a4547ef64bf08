import { HEADER_BYTES, readHeader, type Header } from "./header.ts";

/** Where a record lies in a message. */
export interface Span {
  readonly section: "answer" | "authority" | "additional";
  readonly start: number;
  readonly end: number;
  /** The number of its type. */
  readonly type: number;
  /** Where its time to live stands. */
  readonly ttlAt: number;
  readonly dataAt: number;
}

export interface Layout {
  readonly header: Header;
  /** Where the only question ends. */
  readonly questionEnd: number;
  readonly records: readonly Span[];
}

export const TYPE = { SOA: 6, OPT: 41 } as const;

const SECTIONS = ["answer", "authority", "additional"] as const;

/** Where a name ends that begins at `offset`; undefined when it runs out of the message. */
export function endOfName(message: Buffer, offset: number): number | undefined {
  for (let at = offset; at < message.length;) {
    const length = message[at]!;
    if (length === 0) return at + 1;
    if ((length & 0xc0) === 0xc0) return at + 2 <= message.length ? at + 2 : undefined;
    if ((length & 0xc0) !== 0) return undefined;
    at += length + 1;
  }
  return undefined;
}

/**
 * Finds the records of a message with one question without reading what is in them: what others have said is
 * passed on as it came, also of types that are not known here. Undefined when it is malformed.
 */
export function walk(message: Buffer): Layout | undefined {
  const header = readHeader(message);
  if (!header || header.counts[0] !== 1) return undefined;
  const nameEnd = endOfName(message, HEADER_BYTES);
  if (nameEnd === undefined || nameEnd + 4 > message.length) return undefined;
  const questionEnd = nameEnd + 4;
  const records: Span[] = [];
  let start = questionEnd;
  for (const [index, section] of SECTIONS.entries()) {
    for (let left = header.counts[index + 1]!; left > 0; left--) {
      const fixed = endOfName(message, start);
      if (fixed === undefined || fixed + 10 > message.length) return undefined;
      const end = fixed + 10 + message.readUInt16BE(fixed + 8);
      if (end > message.length) return undefined;
      records.push({
        section,
        start,
        end,
        type: message.readUInt16BE(fixed),
        ttlAt: fixed + 4,
        dataAt: fixed + 10,
      });
      start = end;
    }
  }
  return { header, questionEnd, records };
}
