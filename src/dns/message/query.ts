import { decode } from "dns-packet";
import { CODE, FLAG, HEADER_BYTES, readHeader, writeHeader, type Header } from "./header.ts";
import { endOfName } from "./walk.ts";
import type { Question, ReplyCode } from "../zone/answer.ts";

/** A client's question. */
export interface Query {
  readonly id: number;
  /** Its bytes: what is sent back must have the very same, down to the case of each letter. */
  readonly rawQuestion: Buffer;
  readonly question: Question;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  /** What the asker can take beyond the first DNS (RFC 6891). */
  readonly edns: { readonly udpSize: number; readonly dnssecOk: boolean } | undefined;
}

/** What came: a query, or something that is answered at once, or not at all. */
export type Received =
  | { readonly type: "query"; readonly query: Query }
  | { readonly type: "reject"; readonly response: Buffer }
  | { readonly type: "drop" };

/** Reads a message. Nothing in it makes this throw. */
export function receive(message: Buffer): Received {
  const header = readHeader(message);
  // Answering an answer could loop between two servers.
  if (!header || header.flags & FLAG.response) return { type: "drop" };
  const [questions, answers, authorities, additionals] = header.counts;
  if (((header.flags >> 11) & 15) !== 0) return reject(header, "NOTIMP");
  if (questions !== 1 || answers > 1 || authorities > 1 || additionals > 2) return reject(header, "FORMERR");
  const nameEnd = endOfName(message, HEADER_BYTES);
  const decoded = decodeOrNothing(message);
  const question = decoded?.questions?.[0];
  if (!decoded || !question || nameEnd === undefined) return reject(header, "FORMERR");
  const rawQuestion = message.subarray(HEADER_BYTES, nameEnd + 4);
  if (question.class !== "IN") return reject(header, "REFUSED", rawQuestion);
  const opt = decoded.additionals?.find((record) => record.type === "OPT");
  if (opt && opt.ednsVersion !== 0) return badVersion(header, rawQuestion);
  return {
    type: "query",
    query: {
      id: header.id,
      rawQuestion,
      question: { name: question.name, type: question.type },
      recursionDesired: decoded.flag_rd,
      checkingDisabled: decoded.flag_cd,
      edns: opt && { udpSize: opt.udpPayloadSize, dnssecOk: opt.flag_do },
    },
  };
}

function decodeOrNothing(message: Buffer) {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

const NO_BYTES = Buffer.alloc(0);

const kept = (header: Header) => header.flags & (FLAG.recursionDesired | FLAG.checkingDisabled | 0x7800);

function reject(header: Header, code: ReplyCode, rawQuestion: Buffer = NO_BYTES): Received {
  const flags = FLAG.response | kept(header) | CODE[code];
  const head = writeHeader({ id: header.id, flags, counts: [rawQuestion.length > 0 ? 1 : 0, 0, 0, 0] });
  return { type: "reject", response: Buffer.concat([head, rawQuestion]) };
}

/** BADVERS, whose upper bits stand in the OPT record. */
function badVersion(header: Header, rawQuestion: Buffer): Received {
  const head = writeHeader({ id: header.id, flags: FLAG.response | kept(header), counts: [1, 0, 0, 1] });
  const opt = optRecord(4096, false, 1);
  return { type: "reject", response: Buffer.concat([head, rawQuestion, opt]) };
}

/** An OPT record without options. */
export function optRecord(udpSize: number, dnssecOk: boolean, extendedCode = 0): Buffer {
  const bytes = Buffer.alloc(11);
  bytes.writeUInt16BE(41, 1);
  bytes.writeUInt16BE(udpSize, 3);
  bytes[5] = extendedCode;
  if (dnssecOk) bytes[7] = 0x80;
  return bytes;
}
