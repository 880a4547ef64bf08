import type { Random } from "#base";
import { FLAG, HEADER_BYTES, writeHeader } from "../message/header.ts";
import { optRecord, type Query } from "../message/query.ts";
import { TYPE, walk, type Layout } from "../message/walk.ts";

/** What an upstream is sent: the same question with an id of ours, and what size is safe on any path. */
export function upstreamQuery({ rawQuestion, edns, checkingDisabled }: Query, random: Random): Buffer {
  const flags = FLAG.recursionDesired | (checkingDisabled ? FLAG.checkingDisabled : 0);
  const header = writeHeader({ id: random.int(0x1_0000), flags, counts: [1, 0, 0, 1] });
  return Buffer.concat([header, rawQuestion, optRecord(1232, edns?.dnssecOk ?? false)]);
}

/** Whether a message is the response to a query: its id, and its question but for the case. */
export function answers(query: Buffer, message: Buffer): boolean {
  const layout = walk(message);
  if (!layout || !(layout.header.flags & FLAG.response)) return false;
  if (layout.header.id !== query.readUInt16BE(0)) return false;
  const asked = query.subarray(HEADER_BYTES, layout.questionEnd);
  return folded(asked) === folded(message.subarray(HEADER_BYTES, layout.questionEnd));
}

const folded = (bytes: Buffer) => bytes.toString("latin1").toLowerCase();

/** Under what a response may be found again. */
export const cacheKey = ({ rawQuestion, edns, checkingDisabled }: Query): string =>
  `${folded(rawQuestion)} ${edns?.dnssecOk ? "do" : ""} ${checkingDisabled ? "cd" : ""}`;

/** As kubeadm's Corefile says: `cache 30`. */
const MAX_SECONDS = 30;

/**
 * For how many seconds a response may be kept: as long as its shortest record lives; without any, as its SOA says
 * (RFC 2308); at most 30. 0: not at all.
 */
export function lifetime(message: Buffer, { header, records }: Layout): number {
  const code = header.flags & 15;
  if (header.flags & FLAG.truncated || (code !== 0 && code !== 3)) return 0;
  const kept = records.filter(({ type }) => type !== TYPE.OPT);
  const soa = kept.find(({ type, section }) => type === TYPE.SOA && section === "authority");
  const positive = kept.some(({ section }) => section === "answer");
  if (!positive && !soa) return 0;
  const ttls = kept.map(({ ttlAt }) => message.readUInt32BE(ttlAt));
  if (soa && soa.end - soa.dataAt >= 22) ttls.push(positive ? MAX_SECONDS : message.readUInt32BE(soa.end - 4));
  return Math.min(MAX_SECONDS, ...ttls);
}
