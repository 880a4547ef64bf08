import type { ReplyCode } from "../zone/answer.ts";

/** Of every DNS message: RFC 1035, section 4.1.1. */
export const HEADER_BYTES = 12;

export const FLAG = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
} as const;

export const CODE: Readonly<Record<ReplyCode, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};

export interface Header {
  readonly id: number;
  readonly flags: number;
  /** Entries in questions, answers, authorities, additionals. */
  readonly counts: readonly [number, number, number, number];
}

/** Undefined when there are too few bytes. */
export function readHeader(message: Buffer): Header | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const at = (offset: number) => message.readUInt16BE(offset);
  return { id: at(0), flags: at(2), counts: [at(4), at(6), at(8), at(10)] };
}

export function writeHeader({ id, flags, counts }: Header): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  [id, flags, ...counts].forEach((value, index) => bytes.writeUInt16BE(value, index * 2));
  return bytes;
}
