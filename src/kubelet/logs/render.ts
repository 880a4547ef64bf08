import type { LogLine } from "../runtime.ts";

export interface LogFormat {
  /** Each line begins with its time. */
  readonly timestamps: boolean;
  /** The answer ends after so many bytes, in mid-line if need be. */
  readonly limitBytes?: number;
  /** Only this stream. */
  readonly stream?: "stdout" | "stderr";
}

const encoder = new TextEncoder();

/** A log as `kubectl logs` shows it. */
export async function* renderLog(
  lines: AsyncIterable<LogLine>,
  { timestamps, limitBytes = Infinity, stream }: LogFormat,
): AsyncGenerator<Uint8Array> {
  let left = limitBytes;
  for await (const line of lines) {
    if (stream && line.stream !== stream) continue;
    const bytes = encoder.encode(
      `${timestamps ? `${nanoTime(line.time)} ` : ""}${line.text}${line.unfinished ? "" : "\n"}`,
    );
    if (bytes.length >= left) {
      yield bytes.subarray(0, left);
      return;
    }
    left -= bytes.length;
    yield bytes;
  }
}

/** `2026-01-01T00:00:00.123000000Z`: the runtime's times have nanoseconds, ours milliseconds. */
function nanoTime(ms: number): string {
  const rounded = Math.floor(ms);
  return new Date(rounded).toISOString().replace("Z", `${String(Math.floor((ms - rounded) * 1e6)).padStart(6, "0")}Z`);
}
