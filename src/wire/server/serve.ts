import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { silentLog, systemClock, type Clock, type Log } from "#base";
import type { HttpRequest, HttpResponse } from "#http";
import { DEFAULT_LIMITS, type ServerLimits } from "./limits.ts";
import { AddressInUse, CannotListen } from "./errors.ts";
import { createExchanges } from "./exchanges.ts";
import { createFreshConnections } from "./fresh-connections.ts";
import { http1Handler, lastAnswer, upgradeHandler } from "./http1.ts";
import { createSessions, http2Handler } from "./http2.ts";
import { requestOfUnknownMethod } from "./unknown-method.ts";
import { hangUp } from "./unread.ts";

/** PEM texts. */
export interface ServerTls {
  readonly key: string;
  readonly cert: string;
  /** The authority that signs client certificates. Without it none is asked for. */
  readonly clientCa?: string;
}

export interface ServeOptions {
  /** Answers one request; must not reject. */
  readonly handle: (request: HttpRequest) => Promise<HttpResponse>;
  /** Absent: plain HTTP/1.1, for tests and proxies on the same machine. */
  readonly tls?: ServerTls;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly limits?: Partial<ServerLimits>;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Open connections. */
  readonly connections: number;
  /**
   * Takes no more connections, ends watches, lets requests finish, and cuts what is left after `graceMs`
   * (default 4 s).
   */
  close(graceMs?: number): Promise<void>;
  /** Answers new connections with other certificates. */
  renew(tls: ServerTls): void;
}

/** How often Node looks for requests that take too long, in milliseconds. */
const CHECK_MS = 5_000;

/** How requests are refused that Node's parser gives up, by its error; any other is a bad request. */
const PARSER_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Serves HTTP/2 and HTTP/1.1 on one port. Rejects with {@link AddressInUse} or {@link CannotListen}. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { handle, tls, clock = systemClock, log = silentLog } = options;
  const limits: ServerLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const exchangeOptions = { handle, clock, log, stalledMs: limits.stalledMs };
  const exchanges = createExchanges(exchangeOptions);
  const sessions = createSessions(limits.idleMs, log);
  const sockets = new Set<Socket>();
  const fresh = createFreshConnections(limits.freshConnections);
  /** Sockets that have sent a request. */
  const settled = new WeakSet<object>();
  const settle = (socket: Addressed | undefined) => {
    if (!socket || settled.has(socket)) return;
    settled.add(socket);
    fresh.settled(keyOf(socket));
  };

  const server = tls
    ? secureServer(tls, limits)
    : createServer({ maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: CHECK_MS });
  const http1 = http1Handler(exchanges, clock, limits);
  const upgrade = upgradeHandler(exchanges, exchangeOptions);
  const answerLast = lastAnswer(exchanges, exchangeOptions);
  server.on("request", (message: IncomingMessage, response: ServerResponse) => {
    settle(message.socket);
    http1(message, response);
  });
  server.on("upgrade", (message: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    settle(message.socket);
    upgrade(message, socket, head);
  });
  if (tls) {
    const http2 = http2Handler(exchanges, clock, limits.requestMs);
    // A listener for "request" makes Node wrap every HTTP/2 stream in its compatibility layer: not here.
    server.removeAllListeners("stream");
    server.on("stream", (stream: ServerHttp2Stream, headers, flags: number, raw: readonly string[]) => {
      settle(stream.session?.socket);
      http2(stream, headers, flags, raw);
    });
    server.on("session", (session: ServerHttp2Session) => sessions.opened(session));
    server.on("sessionError", (error: Error) => log.debug("HTTP/2 session failed", { error: error.message }));
    server.on("tlsClientError", (error: Error, socket: Duplex) => {
      log.debug("TLS handshake failed", { error: error.message });
      // Node only tells of a handshake that takes too long: ending it is the listener's.
      socket.destroy();
    });
  }
  const timed = server as Server;
  timed.headersTimeout = limits.headersMs;
  timed.requestTimeout = limits.requestMs;
  timed.keepAliveTimeout = limits.idleMs;

  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 180_000);
    const key = keyOf(socket);
    fresh.opened(key, socket);
    // An error event without a listener would end the process; `close` reports what it means.
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      fresh.settled(key);
    });
  });
  /** Sockets of which the rest cannot be understood any more, and does not matter. */
  const refused = new WeakSet<Duplex>();
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    if (!socket.writable) return socket.destroy();
    const unknown = requestOfUnknownMethod(error, socket);
    if (unknown) return answerLast(unknown, socket);
    const status = PARSER_ERRORS[error.code ?? ""] ?? "400 Bad Request";
    socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    hangUp(socket, clock);
  });

  await listen(server, options.host, options.port);
  server.on("error", (error: Error) => log.error("the HTTP server failed", { error: error.message }));
  const { port } = server.address() as AddressInfo;

  const close = async (graceMs: number) => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const deadline = clock.setTimeout(() => {
      exchanges.abort();
      sessions.destroy();
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    sessions.close();
    await exchanges.stop();
    // What is left are connections that wait for another request.
    for (const socket of sockets) socket.destroy();
    await closed;
    deadline.cancel();
  };
  let closing: Promise<void> | undefined;

  return {
    host: options.host,
    port,
    get connections() {
      return sockets.size;
    },
    close(graceMs = 4_000) {
      closing ??= close(graceMs);
      return closing;
    },
    renew(next) {
      if (!("setSecureContext" in server)) return;
      server.setSecureContext({ key: next.key, cert: next.cert, ...(next.clientCa ? { ca: next.clientCa } : {}) });
    },
  };
}

interface Addressed {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

const keyOf = ({ remoteAddress, remotePort }: Addressed) => `${remoteAddress}|${remotePort}`;

function secureServer(tls: ServerTls, limits: ServerLimits): Http2SecureServer {
  const options = {
    allowHTTP1: true,
    key: tls.key,
    cert: tls.cert,
    ...(tls.clientCa ? { ca: tls.clientCa } : {}),
    requestCert: tls.clientCa !== undefined,
    // Whether a certificate counts is for authentication to say: without one, health and version still answer.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2" as const,
    handshakeTimeout: limits.handshakeMs,
    maxHeaderSize: limits.headerBytes,
    connectionsCheckingInterval: CHECK_MS,
    // Spaces around a value are no reason to leave the header out, as Node does by default; upstream takes them.
    strictFieldWhitespaceValidation: false,
    settings: { maxConcurrentStreams: limits.concurrentStreams, initialWindowSize: 1024 * 1024, enablePush: false },
  };
  return createSecureServer(options);
}

function listen(server: Server | Http2SecureServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") reject(new AddressInUse(host, port, { cause: error }));
      else reject(new CannotListen(host, port, error.code ?? error.message, { cause: error }));
    };
    server.once("error", onError);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off("error", onError);
      resolve();
    });
  });
}
