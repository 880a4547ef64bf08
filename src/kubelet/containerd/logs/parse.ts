import type { LogLine } from "#kubelet";

/** One record of a log as runtimes write it (CRI log format): `<time> <stream> <P|F> <text>`. */
export interface LogRecord {
  /** Milliseconds since the epoch, with fractions. */
  readonly time: number;
  readonly stream: "stdout" | "stderr";
  /** The line goes on in the next record of the stream. */
  readonly partial: boolean;
  readonly text: Buffer;
}

const SPACE = 0x20;

/** Reads a record, without its line end; undefined for what is none. */
export function parseRecord(line: Buffer): LogRecord | undefined {
  const afterTime = line.indexOf(SPACE);
  const afterStream = line.indexOf(SPACE, afterTime + 1);
  if (afterTime < 0 || afterStream < 0) return undefined;
  const stream = line.toString("latin1", afterTime + 1, afterStream);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const time = parseTime(line.toString("latin1", 0, afterTime));
  if (time === undefined) return undefined;
  const found = line.indexOf(SPACE, afterStream + 1);
  // An empty line may end after its tags.
  const afterTags = found < 0 ? line.length : found;
  const tags = line.toString("latin1", afterStream + 1, afterTags);
  return { time, stream, partial: tags.split(":")[0] === "P", text: line.subarray(afterTags + 1) };
}

/** A time of RFC 3339 with up to nanoseconds, in milliseconds. */
function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const [, seconds = "", fraction = "", zone = ""] = match;
  const whole = Date.parse(`${seconds}${zone}`);
  return Number.isNaN(whole) ? undefined : whole + Number(`0${fraction}`) * 1000;
}

/** A line without an end yet is handed on in pieces of this size, in bytes. */
const MAX_LINE_BYTES = 1 << 20;

/** Puts records together to lines. */
export class LineJoiner {
  readonly #parts = new Map<LogLine["stream"], { readonly texts: Buffer[]; bytes: number; time: number }>();

  /** The line that the record ends, if it ends one. */
  take({ time, stream, partial, text }: LogRecord): LogLine | undefined {
    const waiting = this.#parts.get(stream) ?? { texts: [], bytes: 0, time };
    waiting.time = time;
    waiting.texts.push(text);
    waiting.bytes += text.length;
    if (partial && waiting.bytes < MAX_LINE_BYTES) {
      this.#parts.set(stream, waiting);
      return undefined;
    }
    this.#parts.delete(stream);
    return { time, stream, text: Buffer.concat(waiting.texts).toString("utf8") };
  }

  /** Nothing more comes: the lines that were not ended, as they were begun. */
  rest(): readonly LogLine[] {
    const lines = [...this.#parts].map(([stream, { texts, time }]): LogLine => ({
      time,
      stream,
      text: Buffer.concat(texts).toString("utf8"),
      unfinished: true,
    }));
    this.#parts.clear();
    return lines;
  }
}
