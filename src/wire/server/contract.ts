/**
 * What the HTTP server hands to its handler and what it takes back. The same shapes as the apiserver's
 * ApiRequest and ApiResponse: the handler knows no sockets, the server no API.
 */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  body(limit: number): Promise<Uint8Array | undefined>;
  stream?(): AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  readonly peer?: HttpPeer;
  readonly upgrade?: HttpUpgrade;
}

/** The other side of a connection; one object for as long as the connection lasts. */
export interface HttpPeer {
  /** The client certificate, when one was sent and our authority vouches for it. */
  readonly certificate?: {
    readonly commonName: string;
    readonly organizations: readonly string[];
    readonly sha256?: string;
  };
  /** Why a certificate that was sent does not count. */
  readonly refused?: string;
  readonly address?: string;
}

export interface HttpUpgrade {
  readonly protocol: string;
  accept(headers: Readonly<Record<string, string>>): HttpConnection;
}

export interface HttpConnection {
  readonly input: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  /** Sends what was written and then the end. */
  close(): void;
  /** Breaks it off. */
  cut(): void;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: HttpBody;
  /** The client takes gzip: bodies longer than 128 KiB are compressed. */
  readonly gzip?: boolean;
}

export type HttpBody =
  | { readonly type: "empty" }
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  /** A piece of less than 64 KiB may change once the next is asked for. */
  | { readonly type: "pieces"; readonly pieces: Iterable<Uint8Array> }
  | HttpStream
  | { readonly type: "upgraded" };

export interface HttpStream {
  readonly type: "stream";
  readonly stream: AsyncIterable<Uint8Array | readonly Uint8Array[]>;
  /** A client that asks for a WebSocket gets every piece as one message. Without it there is none to be had. */
  readonly messages?: "text" | "binary";
}

/** Bounds of what clients can make the server hold. Times in milliseconds. */
export interface ServerLimits {
  /** From the TCP connection to the end of the TLS handshake. */
  readonly handshakeMs: number;
  /** From the start of a request to the end of its headers. */
  readonly headersMs: number;
  /** From the start of a request to the end of its body. */
  readonly requestMs: number;
  /** How long a connection without a request under way is kept. */
  readonly idleMs: number;
  /** How long a client may take nothing of an answer that is waiting for it. */
  readonly stalledMs: number;
  /** Connections that have not sent a request yet; beyond this the oldest are closed. */
  readonly freshConnections: number;
  /** Requests at once on one HTTP/2 connection. */
  readonly concurrentStreams: number;
  /** Bytes of a request's headers. */
  readonly headerBytes: number;
  /** Bytes of a body that are still read and thrown away once its answer is out. */
  readonly unreadBytes: number;
  /** How long they may take. */
  readonly unreadMs: number;
}

/** Upstream's bounds where it has them (apiserver secure_serving.go), ours where it trusts its proxy. */
export const DEFAULT_LIMITS: ServerLimits = {
  handshakeMs: 10_000,
  headersMs: 32_000,
  requestMs: 60_000,
  idleMs: 90_000,
  stalledMs: 60_000,
  freshConnections: 1_000,
  concurrentStreams: 1_000,
  headerBytes: 128 * 1024,
  // What an API server takes as a body, and some more.
  unreadBytes: 4 * 1024 * 1024,
  unreadMs: 10_000,
};
