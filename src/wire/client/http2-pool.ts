import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { Clock, Scope, Timer } from "#base";
import type { TransportRequest, TransportResponse } from "#http";

/** HTTP/2 sessions to one server. */
export interface Http2Pool {
  send(request: TransportRequest): Promise<TransportResponse>;
}

export interface Http2PoolOptions {
  readonly origin: string;
  readonly tls: ConnectionOptions;
  /** A connection that has already agreed on HTTP/2. */
  readonly first: TLSSocket;
  readonly clock: Clock;
  readonly scope: Scope;
}

/** A session that heard nothing for this long is asked whether it is still there (client-go: 30 s and 15 s). */
const QUIET_MS = 30_000;
const PING_MS = 15_000;
/** Streams a session takes before the server has said how many it allows. */
const STREAMS = 100;

interface Pooled {
  readonly session: ClientHttp2Session;
  streams: number;
}

/** Makes a pool. A session that cannot take another stream is joined by a new one. */
export function createHttp2Pool({ origin, tls, first, clock, scope }: Http2PoolOptions): Http2Pool {
  const sessions = new Set<Pooled>();

  const open = (socket?: TLSSocket): Pooled => {
    const session = connect(origin, socket ? { createConnection: () => socket } : { ...tls, ALPNProtocols: ["h2"] });
    const pooled: Pooled = { session, streams: 0 };
    sessions.add(pooled);
    const watchdog = keepAsking(session, clock);
    const forget = scope.defer(() => session.destroy());
    session.on("close", () => {
      sessions.delete(pooled);
      watchdog.cancel();
      forget();
    });
    // Every stream of it learns of the error by itself.
    session.on("error", () => {});
    session.on("goaway", () => sessions.delete(pooled));
    return pooled;
  };
  open(first);

  const free = (): Pooled => {
    for (const pooled of sessions) {
      const { session, streams } = pooled;
      const allowed = Math.min(session.remoteSettings?.maxConcurrentStreams ?? STREAMS, 2 ** 31);
      if (!session.closed && !session.destroyed && streams < allowed) return pooled;
    }
    return open();
  };

  return {
    send(request) {
      const pooled = free();
      pooled.streams++;
      const stream = pooled.session.request(
        {
          ...request.headers,
          [constants.HTTP2_HEADER_METHOD]: request.method,
          [constants.HTTP2_HEADER_PATH]: request.path,
        },
        { endStream: !request.body },
      );
      stream.on("close", () => pooled.streams--);
      return answerOf(stream, request);
    },
  };
}

function answerOf(stream: ClientHttp2Stream, { body, signal }: TransportRequest): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    const abort = () => stream.destroy(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    stream.on("close", () => {
      signal?.removeEventListener("abort", abort);
      // After an answer this changes nothing.
      reject(new Error("the server closed the request without an answer"));
    });
    stream.on("error", reject);
    stream.on("response", (headers) => {
      resolve({
        status: Number(headers[constants.HTTP2_HEADER_STATUS]),
        header(name) {
          const value = headers[name];
          return Array.isArray(value) ? value.join(", ") : value;
        },
        body: stream as AsyncIterable<Uint8Array>,
      });
    });
    if (body) stream.end(body);
  });
}

/** Destroys a session that does not answer a ping, such as one whose peer vanished without a word. */
function keepAsking(session: ClientHttp2Session, clock: Clock): Timer {
  let timer: Timer;
  const ask = () => {
    timer = clock.setTimeout(() => session.destroy(new Error("the server does not answer")), PING_MS);
    const sent =
      !session.destroyed &&
      session.ping((error) => {
        timer.cancel();
        if (!error) rest();
      });
    if (!sent) timer.cancel();
  };
  const rest = () => {
    timer = clock.setTimeout(ask, QUIET_MS);
  };
  rest();
  return { cancel: () => timer.cancel() };
}
