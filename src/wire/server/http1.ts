import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "#base";
import type { HttpResponse } from "#http";
import { UpgradeRefused } from "../streams/contract.ts";
import { isWebSocket } from "../websocket/handshake.ts";
import type { ExchangeOptions, Exchanges } from "./exchanges.ts";
import { sendMessages } from "./messages.ts";
import { peerOf } from "./peer.ts";
import { distinctHeaders, pathOf, WireRequest } from "./request.ts";
import { send, type Outlet } from "./send.ts";
import { discard, hangUp, type UnreadLimits } from "./unread.ts";
import { refusedOutlet, upgradeOf } from "./upgrade.ts";

/** Answers requests on HTTP/1.1. */
export function http1Handler(
  exchanges: Exchanges,
  clock: Clock,
  limits: UnreadLimits,
): (message: IncomingMessage, response: ServerResponse) => void {
  return (message, response) => {
    const { method = "GET" } = message;
    const request = new WireRequest(
      method,
      pathOf(message),
      distinctHeaders(message.headers, message.rawHeaders),
      message,
      peerOf(message.socket),
      () => response.destroyed || response.closed,
    );
    exchanges.began(request);
    response.once("close", () => {
      if (!response.writableFinished) request.abort();
      exchanges.ended(request);
    });
    let answer: HttpResponse | undefined;
    const outlet: Outlet = {
      writable: response,
      headOnly: method === "HEAD",
      head(more, length) {
        const { status, headers } = answer!;
        const all: Record<string, string | readonly string[]> = { ...headers, ...more };
        if (length !== undefined) all["content-length"] = String(length);
        const keep = message.complete || discardRest(message, clock, limits);
        if (exchanges.stopping || !keep) all["connection"] = "close";
        response.writeHead(status, all as Record<string, string | string[]>);
      },
      flush: () => response.flushHeaders(),
      cut() {
        request.abort();
        message.socket.destroy();
      },
    };
    void exchanges.answer(request, outlet, (found) => {
      answer = found;
    });
  };
}

/**
 * Reads on what a client still sends of a request that is being answered, and closes the connection where that is too
 * much. Returns whether the connection may serve another request.
 */
function discardRest(message: IncomingMessage, clock: Clock, limits: UnreadLimits): boolean {
  const { socket } = message;
  const keep = Number(message.headers["content-length"] ?? 0) <= limits.unreadBytes;
  // Node would close right after an answer that says so.
  if (!keep) socket.destroySoon = () => {};
  discard(message, limits, clock, (complete) => {
    if (!keep || !complete) hangUp(socket, clock);
  });
  return keep;
}

/** Answers requests that want another protocol on their connection. */
export function upgradeHandler(
  exchanges: Exchanges,
  { handle, clock, log, stalledMs }: ExchangeOptions,
): (message: IncomingMessage, socket: Duplex, head: Uint8Array) => void {
  return (message, socket, head) => {
    const request = new WireRequest(
      message.method ?? "GET",
      pathOf(message),
      distinctHeaders(message.headers, message.rawHeaders),
      message,
      peerOf(message.socket),
      () => socket.destroyed,
      upgradeOf(message.headers.upgrade ?? "", socket, head),
    );
    exchanges.began(request);
    exchanges.endless(request);
    socket.on("error", () => {});
    socket.once("close", () => {
      request.abort();
      exchanges.ended(request);
    });
    const cut = () => {
      request.abort();
      socket.destroy();
    };
    const sendPlain = (response: HttpResponse) =>
      send(
        refusedOutlet(socket, response, { headOnly: message.method === "HEAD", cut }, clock),
        response,
        clock,
        stalledMs,
      );
    const answer = async () => {
      const response = await handle(request);
      const { body } = response;
      if (body.type !== "stream" || !body.messages || !isWebSocket(request)) return sendPlain(response);
      try {
        await sendMessages(request, body, clock, () => request.abort());
      } catch (error) {
        if (!(error instanceof UpgradeRefused)) throw error;
        request.abort();
        await body.stream[Symbol.asyncIterator]().return?.();
        await sendPlain(refusal(error));
      }
    };
    answer().catch((error: unknown) => {
      log.error("an upgrade could not be answered", { path: request.path, error });
      cut();
    });
  };
}

/** Answers a request that is the last of its connection, whose bytes nothing reads any more. */
export function lastAnswer(
  exchanges: Exchanges,
  { handle, clock, log, stalledMs }: ExchangeOptions,
): (request: WireRequest, socket: Duplex) => void {
  return (request, socket) => {
    exchanges.began(request);
    socket.once("close", () => {
      request.abort();
      exchanges.ended(request);
    });
    const cut = () => {
      request.abort();
      socket.destroy();
    };
    handle(request)
      .then((response) => {
        const outlet = refusedOutlet(socket, response, { headOnly: false, cut }, clock);
        return send(outlet, response, clock, stalledMs);
      })
      .catch((error: unknown) => {
        log.error("an answer could not be sent", { method: request.method, path: request.path, error });
        cut();
      });
  };
}

const refusal = ({ status, headers, message }: UpgradeRefused): HttpResponse => ({
  status,
  headers: { ...headers, "content-type": "text/plain; charset=utf-8" },
  body: { type: "bytes", bytes: Buffer.from(message) },
});
