import type { Clock, Log } from "#base";
import type { HttpRequest, HttpResponse } from "#http";
import type { WireRequest } from "./request.ts";
import { send, type Outlet } from "./send.ts";

/** The requests that are under way, on whichever protocol. */
export interface Exchanges {
  /** Hands a request to the handler and sends the answer. `respond` learns status and headers before the head goes out. */
  answer(request: WireRequest, outlet: Outlet, respond: (response: HttpResponse) => void): Promise<void>;
  /** Counts a request from its beginning to {@link ended}. */
  began(request: WireRequest): void;
  /** Its answer is out, or the client has gone. */
  ended(request: WireRequest): void;
  /** It goes on until a side ends it: {@link stop} does. */
  endless(request: WireRequest): void;
  /** Ends what does not end by itself, and resolves once nothing is under way. */
  stop(): Promise<void>;
  /** Ends everything. */
  abort(): void;
  readonly stopping: boolean;
}

export interface ExchangeOptions {
  readonly handle: (request: HttpRequest) => Promise<HttpResponse>;
  readonly clock: Clock;
  readonly log: Log;
  readonly stalledMs: number;
}

/** Keeps count of requests under way. */
export function createExchanges({ handle, clock, log, stalledMs }: ExchangeOptions): Exchanges {
  const open = new Set<WireRequest>();
  const endless = new Set<WireRequest>();
  let whenIdle: (() => void) | undefined;
  let stopping = false;

  const exchanges: Exchanges = {
    began(request) {
      open.add(request);
    },
    ended(request) {
      open.delete(request);
      endless.delete(request);
      if (open.size === 0) whenIdle?.();
    },
    endless(request) {
      endless.add(request);
      if (stopping) request.abort();
    },
    async answer(request, outlet, respond) {
      try {
        const response = await handle(request);
        const { body } = response;
        if (body.type === "stream") exchanges.endless(request);
        if (outlet.writable.destroyed) {
          // No client waits any more: release what the answer holds.
          if (body.type === "stream") await body.stream[Symbol.asyncIterator]().return?.();
          return;
        }
        respond(response);
        await send(outlet, response, clock, stalledMs);
      } catch (error) {
        log.error("an answer could not be sent", { method: request.method, path: request.path, error });
        outlet.cut();
      }
    },
    async stop() {
      stopping = true;
      for (const request of endless) request.abort();
      if (open.size > 0) await new Promise<void>((resolve) => (whenIdle = resolve));
    },
    abort() {
      for (const request of open) request.abort();
    },
    get stopping() {
      return stopping;
    },
  };
  return exchanges;
}
