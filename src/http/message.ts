import type { Peer } from "./peer.ts";

/** A request to a server with its transport taken off: HTTP/1.1, HTTP/2 and a page in a browser all make this one. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** The path as sent, still percent-encoded, without the query. */
  readonly path: string;
  /** What follows the `?`, without it; empty when there is none. */
  readonly query: string;
  readonly headers: RequestHeaders;
  /** Reads the whole body; undefined once it turns out longer than `limit` bytes. */
  body(limit: number): Promise<Uint8Array | undefined>;
  /** The body as it comes, for a handler that only passes it on; absent where it is there as a whole. Instead of `body`. */
  stream?(): AsyncIterable<Uint8Array>;
  /** Aborts when the client has gone or the server stops. */
  readonly signal: AbortSignal;
  /** What the transport knows about the other side. The same object for all requests of a connection. */
  readonly peer?: Peer;
  /** The client wants to speak something else on this connection (WebSocket, SPDY). */
  readonly upgrade?: Upgrade;
}

/** Names in lower case. A header that came several times is a list. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The first value of a header; `name` in lower case. */
export function header(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** Every value of a header; `name` in lower case. */
export function headerValues(headers: RequestHeaders, name: string): readonly string[] {
  const value = headers[name];
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** An HTTP/1.1 connection that can be taken over. */
export interface Upgrade {
  /** What the Upgrade header names, in lower case: `websocket`, `spdy/3.1`. */
  readonly protocol: string;
  /** Answers 101 with these headers beside Connection and Upgrade. The response's body is then `upgraded`. */
  accept(headers: Readonly<Record<string, string>>): UpgradedConnection;
}

/** Raw bytes in both directions. */
export interface UpgradedConnection {
  readonly input: AsyncIterable<Uint8Array>;
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends what was written and then the end. */
  close(): void;
  /** Breaks it off. */
  cut(): void;
}

/** An answer, still to be sent. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. The stages of a server add to them on the way out. */
  readonly headers: Record<string, string | readonly string[]>;
  readonly body: ResponseBody;
  /** The client takes gzip: the transport compresses a body of more than 128 KiB and says so. */
  readonly gzip?: boolean;
}

export type ResponseBody =
  | { readonly type: "empty" }
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  /**
   * Pieces that are made, or only joined, as the client takes them. One of less than 64 KiB is good until the next is
   * asked for: its memory may be used again.
   */
  | { readonly type: "pieces"; readonly pieces: Iterable<Uint8Array> }
  | ResponseStream
  /** The connection was taken over; there is nothing more to send. */
  | { readonly type: "upgraded" };

/** Sent piece by piece as they come, headers at once: watches, logs. Not pulled from while the client is slow. */
export interface ResponseStream {
  readonly type: "stream";
  readonly stream: AsyncIterable<Piece>;
  /**
   * How it goes to a client that asks for it by WebSocket (upstream's older way to watch and to follow logs): every
   * piece as one message, of text or of bytes. A stream without it does not go that way.
   */
  readonly messages?: "text" | "binary";
}

/** One piece of a stream, or several that are sent together. */
export type Piece = Uint8Array | readonly Uint8Array[];
