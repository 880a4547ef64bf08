import type { Entry } from "#store";

/*
 * What stands on disk. All numbers are big-endian, so that byte order is numeric order.
 *
 *   current  key                      → record
 *   past     key 00 (MAX - revision)8 → record that this revision wrote and a later one replaced, or a tombstone
 *   log      revision8                → time8, then per event: type1 previousModRevision8 keyLength2 key
 *   meta     name                     → number8
 *
 *   record    modRevision8 createRevision8 value
 *   tombstone 00
 *
 * Newer versions come first in `past`, so that the one that held at a revision is found by one seek forward.
 */

export const FORMAT = 1;

export interface VersionKey {
  readonly key: string;
  readonly revision: number;
}

/** An event as the log has it: values stand in `current` and `past`. */
interface LoggedEvent {
  readonly type: "put" | "delete";
  readonly key: string;
  /** 0: nothing stood there. */
  readonly previous: number;
}

export interface LoggedRevision {
  readonly time: number;
  readonly events: readonly LoggedEvent[];
}

const TWO_32 = 2 ** 32;
const RECORD_HEADER = 16;
const EVENT_HEADER = 11;
/** What stands in `past` for a deletion. */
export const TOMBSTONE = Buffer.of(0);

function writeU64(target: Buffer, value: number, at: number): number {
  target.writeUInt32BE(Math.floor(value / TWO_32), at);
  target.writeUInt32BE(value % TWO_32, at + 4);
  return at + 8;
}

function readU64(source: Buffer, at: number): number {
  return source.readUInt32BE(at) * TWO_32 + source.readUInt32BE(at + 4);
}

/** LMDB hands out plain byte arrays as well. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Keys that are plain text. */
export const textKey = {
  writeKey: (key: string, target: Buffer, start: number): number => start + target.write(key, start),
  readKey: (source: Buffer, start: number, end: number): string => source.toString("utf8", start, end),
};

/** Keys of one version of a key, the newest first. `Infinity` sorts before all versions of its key. */
export const versionKey = {
  writeKey({ key, revision }: VersionKey, target: Buffer, start: number): number {
    const end = start + target.write(key, start);
    target[end] = 0;
    return writeU64(target, revision === Infinity ? 0 : Number.MAX_SAFE_INTEGER - revision, end + 1);
  },
  readKey(source: Buffer, start: number, end: number): VersionKey {
    return {
      key: source.toString("utf8", start, end - 9),
      revision: Number.MAX_SAFE_INTEGER - readU64(source, end - 8),
    };
  },
};

/** Keys that are revisions. */
export const revisionKey = {
  writeKey: (revision: number, target: Buffer, start: number): number => writeU64(target, revision, start),
  readKey: (source: Buffer, start: number): number => readU64(source, start),
};

export function encodeRecord({ value, modRevision, createRevision }: Entry): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEADER + value.length);
  writeU64(record, createRevision, writeU64(record, modRevision, 0));
  record.set(value, RECORD_HEADER);
  return record;
}

/** The entry in a record, its value a view of the same bytes; undefined for a tombstone. */
export function decodeRecord(key: string, bytes: Uint8Array): Entry | undefined {
  if (bytes.length < RECORD_HEADER) return undefined;
  const record = asBuffer(bytes);
  return {
    key,
    value: record.subarray(RECORD_HEADER),
    modRevision: readU64(record, 0),
    createRevision: readU64(record, 8),
  };
}

/** The revision that wrote a record; 0 for a tombstone. */
export function modRevisionOf(bytes: Uint8Array): number {
  return bytes.length < RECORD_HEADER ? 0 : readU64(asBuffer(bytes), 0);
}

export function encodeLogged({ time, events }: LoggedRevision): Buffer {
  const sizes = events.map(({ key }) => Buffer.byteLength(key));
  const bytes = Buffer.allocUnsafe(8 + sizes.reduce((sum, size) => sum + EVENT_HEADER + size, 0));
  let at = writeU64(bytes, time, 0);
  for (const [i, { type, key, previous }] of events.entries()) {
    at = bytes.writeUInt8(type === "put" ? 1 : 0, at);
    at = writeU64(bytes, previous, at);
    at = bytes.writeUInt16BE(sizes[i]!, at);
    at += bytes.write(key, at);
  }
  return bytes;
}

export function decodeLogged(encoded: Uint8Array): LoggedRevision {
  const bytes = asBuffer(encoded);
  const events: LoggedEvent[] = [];
  for (let at = 8; at < bytes.length;) {
    const end = at + EVENT_HEADER + bytes.readUInt16BE(at + 9);
    events.push({
      type: bytes[at] === 1 ? "put" : "delete",
      previous: readU64(bytes, at + 1),
      key: bytes.toString("utf8", at + EVENT_HEADER, end),
    });
    at = end;
  }
  return { time: readU64(bytes, 0), events };
}

/** When a logged revision was written, without reading the rest. */
export function timeOfLogged(encoded: Uint8Array): number {
  return readU64(asBuffer(encoded), 0);
}

export function encodeNumber(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeU64(bytes, value, 0);
  return bytes;
}

export function decodeNumber(bytes: Uint8Array): number {
  return readU64(asBuffer(bytes), 0);
}
