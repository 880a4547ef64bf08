import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Clock, Log } from "#base";
import type { HttpResponse } from "#http";
import type { Exchanges } from "./exchanges.ts";
import { peerOf } from "./peer.ts";
import { distinctHeaders, WireRequest } from "./request.ts";
import type { Outlet } from "./send.ts";

/** The flag of a HEADERS frame after which no body comes (RFC 9113). */
const END_STREAM = 0x1;
/** The error code with which a stream is given up (RFC 9113). */
const CANCEL = 0x8;

type StreamHandler = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  raw: readonly string[],
) => void;

/** Answers requests on HTTP/2, without Node's compatibility layer. */
export function http2Handler(exchanges: Exchanges, clock: Clock, requestMs: number): StreamHandler {
  return (stream, headers, flags, raw) => {
    const { session } = stream;
    const method = headers[":method"] ?? "GET";
    const request = new WireRequest(
      method,
      headers[":path"] ?? "/",
      distinctHeaders(headers, raw),
      stream,
      session ? peerOf(session.socket) : {},
      () => stream.destroyed || stream.closed,
    );
    exchanges.began(request);
    // A reset is the client's right; `close` reports the end.
    stream.on("error", () => {});
    stream.once("close", () => {
      request.abort();
      exchanges.ended(request);
    });
    if ((flags & END_STREAM) === 0) {
      const timer = clock.setTimeout(() => stream.close(CANCEL), requestMs);
      stream.once("end", () => timer.cancel());
      stream.once("close", () => timer.cancel());
    }
    let answer: HttpResponse | undefined;
    const outlet: Outlet = {
      writable: stream,
      headOnly: method === "HEAD",
      head(more, length) {
        if (stream.destroyed || stream.headersSent) return;
        const { status, headers: own } = answer!;
        stream.respond({
          ":status": status,
          ...(own as Record<string, string | string[]>),
          ...more,
          ...(length === undefined ? {} : { "content-length": length }),
        });
      },
      flush() {},
      cut: () => stream.close(CANCEL),
    };
    void exchanges.answer(request, outlet, (found) => {
      answer = found;
    });
  };
}

/** The HTTP/2 connections that are open. */
export interface Sessions {
  opened(session: ServerHttp2Session): void;
  /** Takes no more requests on any; each ends with its last stream. */
  close(): void;
  destroy(): void;
}

/** Closes connections that have had no stream for `idleMs`, and outlives whatever goes wrong on one. */
export function createSessions(idleMs: number, log: Log): Sessions {
  const sessions = new Set<ServerHttp2Session>();
  let closing = false;
  return {
    opened(session) {
      sessions.add(session);
      let busy = 0;
      session.on("error", (error: Error) => log.debug("HTTP/2 session failed", { error: error.message }));
      session.on("stream", (stream) => {
        busy++;
        stream.once("close", () => busy--);
      });
      session.setTimeout(idleMs, () => {
        if (busy === 0) session.close();
      });
      session.once("close", () => sessions.delete(session));
      if (closing) session.close();
    },
    close() {
      closing = true;
      for (const session of sessions) session.close();
    },
    destroy() {
      for (const session of sessions) session.destroy();
    },
  };
}
