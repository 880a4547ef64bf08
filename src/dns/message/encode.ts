import { encode, type Answer } from "dns-packet";
import type { Reply } from "../zone/answer.ts";
import { createNames, type Names } from "./compress.ts";
import { CODE, FLAG, HEADER_BYTES, writeHeader } from "./header.ts";
import { optRecord, type Query } from "./query.ts";
import { endOfName, type Span, type Layout, TYPE } from "./walk.ts";

/** What DNS over UDP carries to a client without EDNS. */
const PLAIN_UDP = 512;
/** More than this is not sent in one datagram, whatever the asker says it can take. */
const MAX_UDP = 4096;
export const MAX_TCP = 65_535;

/** How long a response over UDP may be. */
export const udpLimit = ({ edns }: Query): number => Math.min(Math.max(edns?.udpSize ?? PLAIN_UDP, PLAIN_UDP), MAX_UDP);

/** Bytes to send for a reply of ours. What does not fit in `limit` is left out, from the end, and TC says so. */
export function encodeReply(query: Query, reply: Reply, limit: number): Buffer {
  const { answers, authorities, additionals } = reply;
  const names = createNames();
  names.add(query.rawQuestion.subarray(0, -4), HEADER_BYTES);
  const parts = fill(query, limit, [answers, authorities, additionals], (record, at) => place(record, at, names));
  const knows = reply.code === "NOERROR" || reply.code === "NXDOMAIN";
  return assemble(query, parts, (knows ? FLAG.authoritative : 0) | CODE[reply.code]);
}

/** Another server's response, for this query: its own question and id, cut to `limit`; `age` in seconds. */
export function relay(query: Query, message: Buffer, { header, records }: Layout, limit: number, age: number): Buffer {
  // What follows OPT could point behind it, and OPT itself is between two neighbours only.
  const opt = records.findIndex(({ type }) => type === TYPE.OPT);
  const passed = opt < 0 ? records : records.slice(0, opt);
  const section = (name: Span["section"]) => passed.filter((span) => span.section === name);
  const sections = [section("answer"), section("authority"), section("additional")] as const;
  const parts = fill(query, limit, sections, (span) => {
    const bytes = Buffer.from(message.subarray(span.start, span.end));
    const ttlAt = span.ttlAt - span.start;
    bytes.writeUInt32BE(Math.max(bytes.readUInt32BE(ttlAt) - age, 0), ttlAt);
    return bytes;
  });
  const { authenticData, truncated } = FLAG;
  return assemble(query, parts, FLAG.recursionAvailable | (header.flags & (authenticData | truncated | 15)));
}

interface Parts {
  readonly chunks: readonly Buffer[];
  readonly counts: readonly [number, number, number];
  readonly cut: boolean;
}

/** Takes records, section after section, as long as they fit. */
function fill<R>(
  query: Query,
  limit: number,
  sections: readonly [readonly R[], readonly R[], readonly R[]],
  place: (record: R, offset: number) => Buffer,
): Parts {
  const counts: [number, number, number] = [0, 0, 0];
  const chunks: Buffer[] = [];
  let size = HEADER_BYTES + query.rawQuestion.length;
  const room = limit - (query.edns ? optRecord(0, false).length : 0);
  for (const [index, records] of sections.entries()) {
    for (const record of records) {
      const bytes = place(record, size);
      if (size + bytes.length > room) return { chunks, counts, cut: true };
      chunks.push(bytes);
      size += bytes.length;
      counts[index]!++;
    }
  }
  return { chunks, counts, cut: false };
}

function assemble(query: Query, { chunks, counts, cut }: Parts, flags: number): Buffer {
  const { id, rawQuestion, edns, recursionDesired, checkingDisabled } = query;
  const opt = edns ? [optRecord(MAX_UDP, edns.dnssecOk)] : [];
  const header = writeHeader({
    id,
    flags:
      FLAG.response |
      flags |
      (cut ? FLAG.truncated : 0) |
      (recursionDesired ? FLAG.recursionDesired : 0) |
      (checkingDisabled ? FLAG.checkingDisabled : 0),
    counts: [1, counts[0], counts[1], counts[2] + opt.length],
  });
  return Buffer.concat([header, rawQuestion, ...chunks, ...opt]);
}

/** Of the data of these types, the bytes in front of the name that it ends in. */
const NAME_IN_DATA: Partial<Record<Answer["type"], number>> = { CNAME: 0, NS: 0, PTR: 0, SRV: 6 };

/** The bytes of a record, its own name shortened. */
function place(record: Answer, offset: number, names: Names): Buffer {
  const plain = encode({ answers: [record] }).subarray(HEADER_BYTES);
  const nameEnd = endOfName(plain, 0) ?? 0;
  const name = plain.subarray(0, nameEnd);
  const short = names.shorten(name);
  const bytes = Buffer.concat([short, plain.subarray(nameEnd)]);
  names.add(name, offset);
  const before = NAME_IN_DATA[record.type];
  const dataAt = short.length + 10;
  if (before !== undefined) names.add(bytes.subarray(dataAt + before), offset + dataAt + before);
  return bytes;
}
