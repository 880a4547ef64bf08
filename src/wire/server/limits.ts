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
