/** A request that a client makes of one server. */
export interface TransportRequest {
  readonly method: string;
  /** Path and query, from the server's root. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Aborting ends the request, or the answer while it streams. */
  readonly signal?: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** The body as it comes; breaking off the iteration ends the answer. Must be read or broken off. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Sends requests to one server. Rejects when no answer comes at all (refused, reset, aborted); an answer of
 * whatever status is an answer.
 */
export type HttpTransport = (request: TransportRequest) => Promise<TransportResponse>;

/** How a server is reached. Certificates and keys are PEM. */
export interface Connection {
  /** `https://host:port`, or `http://…` without TLS; a path in it is put before every request's. */
  readonly server: string;
  readonly authority?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
  /** The name to expect in the server's certificate instead of its host. */
  readonly serverName?: string;
  /** Does not check the server's certificate. */
  readonly insecure?: boolean;
}
