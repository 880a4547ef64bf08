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
import { Connections } from "./connections.ts";
import { createExchanges, type ExchangeOptions, type Exchanges } from "./exchanges.ts";
import { http1Handler, lastAnswer, upgradeHandler } from "./http1.ts";
import { createSessions, http2Handler, type Sessions } from "./http2.ts";
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
  const { handle, tls, host, clock = systemClock, log = silentLog } = options;
  const limits: ServerLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const exchangeOptions = { handle, clock, log, stalledMs: limits.stalledMs };
  const parts: Parts = {
    server: createNodeServer(tls, limits),
    exchanges: createExchanges(exchangeOptions),
    exchangeOptions,
    sessions: createSessions(limits.idleMs, log),
    connections: new Connections(limits.freshConnections),
    limits,
  };
  acceptConnections(parts);
  answerHttp1(parts);
  if (tls) answerHttp2(parts);
  const { server, connections } = parts;
  await listen(server, host, options.port);
  server.on("error", (error: Error) => log.error("the HTTP server failed", { error: error.message }));
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    host,
    port,
    get connections() {
      return connections.size;
    },
    close(graceMs = 4_000) {
      closing ??= closeServer(parts, graceMs);
      return closing;
    },
    renew(next) {
      if (!("setSecureContext" in server)) return;
      server.setSecureContext({ key: next.key, cert: next.cert, ...(next.clientCa ? { ca: next.clientCa } : {}) });
    },
  };
}

type NodeServer = Server | Http2SecureServer;

/** What a running server is made of. */
interface Parts {
  readonly server: NodeServer;
  readonly exchanges: Exchanges;
  readonly exchangeOptions: ExchangeOptions;
  /** HTTP/2 alone has any. */
  readonly sessions: Sessions;
  readonly connections: Connections;
  readonly limits: ServerLimits;
}

function createNodeServer(tls: ServerTls | undefined, limits: ServerLimits): NodeServer {
  const server = tls
    ? secureServer(tls, limits)
    : createServer({ maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: CHECK_MS });
  const timed = server as Server;
  timed.headersTimeout = limits.headersMs;
  timed.requestTimeout = limits.requestMs;
  timed.keepAliveTimeout = limits.idleMs;
  return server;
}

function acceptConnections({ server, connections }: Parts): void {
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 180_000);
    // An error event without a listener would end the process; `close` reports what it means.
    socket.on("error", () => {});
    connections.opened(socket);
  });
}

function answerHttp1({ server, exchanges, exchangeOptions, connections, limits }: Parts): void {
  const { clock } = exchangeOptions;
  const answer = http1Handler(exchanges, clock, limits);
  const upgrade = upgradeHandler(exchanges, exchangeOptions);
  const answerLast = lastAnswer(exchanges, exchangeOptions);
  server.on("request", (message: IncomingMessage, response: ServerResponse) => {
    connections.settle(message.socket);
    answer(message, response);
  });
  server.on("upgrade", (message: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    connections.settle(message.socket);
    upgrade(message, socket, head);
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
}

function answerHttp2({ server, exchanges, exchangeOptions, sessions, connections, limits }: Parts): void {
  const { clock, log } = exchangeOptions;
  const answer = http2Handler(exchanges, clock, limits.requestMs);
  // A listener for "request" makes Node wrap every HTTP/2 stream in its compatibility layer: not here.
  server.removeAllListeners("stream");
  server.on("stream", (stream: ServerHttp2Stream, headers, flags: number, raw: readonly string[]) => {
    connections.settle(stream.session?.socket);
    answer(stream, headers, flags, raw);
  });
  server.on("session", (session: ServerHttp2Session) => sessions.opened(session));
  server.on("sessionError", (error: Error) => log.debug("HTTP/2 session failed", { error: error.message }));
  server.on("tlsClientError", (error: Error, socket: Duplex) => {
    log.debug("TLS handshake failed", { error: error.message });
    // Node only tells of a handshake that takes too long: ending it is the listener's.
    socket.destroy();
  });
}

async function closeServer({ server, exchanges, exchangeOptions, sessions, connections }: Parts, graceMs: number) {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const deadline = exchangeOptions.clock.setTimeout(() => {
    exchanges.abort();
    sessions.destroy();
    connections.destroyAll();
  }, graceMs);
  sessions.close();
  await exchanges.stop();
  // What is left are connections that wait for another request.
  connections.destroyAll();
  await closed;
  deadline.cancel();
}

/**
 * A client ends a watch by a reset, and has all its watches on one connection: by Node's defaults it lost them all after
 * 1000 resets (33 a second more), or once it had cancelled 10 MB of answers, which Node goes on counting and then
 * refuses every further stream. Go's server has neither limit; what a stream holds is bounded where it is written.
 */
const PER_CONNECTION = { streamResetBurst: 100_000, streamResetRate: 10_000, maxSessionMemory: 1_000_000 };

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
    ...PER_CONNECTION,
  };
  return createSecureServer(options);
}

function listen(server: NodeServer, host: string, port: number): Promise<void> {
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
