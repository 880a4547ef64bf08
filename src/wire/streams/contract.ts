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

/** What can be done with a request that wants another protocol on its connection. */
export interface UpgradeRequest {
  readonly method: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly upgrade?: {
    /** In lower case: `websocket`, `spdy/3.1`. */
    readonly protocol: string;
    accept(headers: Readonly<Record<string, string>>): RawConnection;
  };
}

/** A connection as it is after the upgrade. */
export interface RawConnection {
  readonly input: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  /** Sends what was written and then the end. */
  close(): void;
  /** Breaks it off. */
  cut(): void;
}

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
