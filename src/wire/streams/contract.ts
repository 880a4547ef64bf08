import type { HttpRequest } from "#http";

/** Bytes in both directions. */
export interface DuplexBytes {
  /** Ends when the other side has ended it. Not read, it holds the other side up. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Resolves once there is room for more; rejects when the stream is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more will be written. */
  end(): Promise<void>;
  /** Drops it in both directions. */
  close(): void;
}

/** The part of a request that says whether it wants another protocol on its connection. */
export type UpgradeRequest = Pick<HttpRequest, "method" | "headers" | "upgrade">;

/** An upgrade that is not made: what to answer instead, in plain text. */
export class UpgradeRefused extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string | readonly string[]>> = {}) {
    super(message);
    this.name = "UpgradeRefused";
    this.status = status;
    this.headers = headers;
  }
}

/** The other side is gone; what was still to be written is lost. */
export class StreamGone extends Error {
  constructor(what = "the stream is closed") {
    super(what);
    this.name = "StreamGone";
  }
}

/** The values of a header that is a list, over all of its lines. */
export function listHeader(headers: UpgradeRequest["headers"], name: string): string[] {
  const lines = headers[name];
  if (lines === undefined) return [];
  return (typeof lines === "string" ? [lines] : lines)
    .flatMap((line) => line.split(","))
    .map((value) => value.trim())
    .filter((value) => value !== "");
}
