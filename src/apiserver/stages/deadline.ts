import { messageOf, type Clock, type Log } from "#base";
import type { HttpResponse } from "#http";
import { badRequest, parseDuration, StatusError, timeoutError } from "#objects";
import { utf8 } from "../render/text.ts";
import type { Exchange, Stage } from "./exchange.ts";

/** Milliseconds that a short request may take: upstream's --request-timeout. */
const REQUEST_TIMEOUT = 60_000;
/** Milliseconds that a write of a resource may take: upstream's requestTimeoutUpperBound. */
const WRITE_TIMEOUT = 34_000;

/**
 * Answers 504 when a short request takes longer than the client, or the server, will wait. What it began goes on and
 * comes to an end by itself. (Upstream endpoints/filters WithRequestDeadline, server/filters
 * WithTimeoutForNonLongRunningRequests, endpoints/handlers/finisher.)
 */
export const limitTime = ({ clock, log }: { readonly clock: Clock; readonly log: Log }): Stage => ({
  name: "timeout",
  join: (next) => (exchange) => {
    const { info } = exchange;
    if (info?.isLongRunning) return next(exchange);
    let limit: Limit;
    try {
      limit = limitOf(exchange);
    } catch (error) {
      return Promise.reject(badRequest(`invalid timeout specified in the request URL - ${messageOf(error)}`));
    }
    return within(clock, limit, next(exchange), (error) => {
      const { method, path } = exchange.request;
      log.error("request failed after its time was over", { method, path, error });
    });
  },
});

interface Limit {
  /** Milliseconds. */
  readonly after: number;
  readonly late: () => HttpResponse;
}

/** How long it may take. Throws an Error for a timeout that is no duration; one of 0 or less is none. */
function limitOf({ request, query, info }: Exchange): Limit {
  const asked = request.query.includes("timeout=") ? query.get("timeout") : null;
  const given = asked ? parseDuration(asked) : 0;
  const limit = given > 0 && given < REQUEST_TIMEOUT ? given : REQUEST_TIMEOUT;
  const writes = info?.isResource === true && request.method !== "GET" && request.method !== "HEAD";
  return writes && limit > WRITE_TIMEOUT
    ? { after: WRITE_TIMEOUT, late: refuseWrite }
    : { after: limit, late: requestIsLate };
}

function refuseWrite(): never {
  throw timeoutError("Timeout: request did not complete within requested timeout - context deadline exceeded");
}

/** As upstream's outer filter writes it: a Status that does not say so, of no type but what it looks like. */
const requestIsLate = (): HttpResponse => ({
  status: 504,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: {
    type: "bytes",
    bytes: utf8(
      `${JSON.stringify({
        metadata: {},
        status: "Failure",
        message: "Timeout: request did not complete within the allotted timeout",
        reason: "Timeout",
        details: {},
        code: 504,
      })}\n`,
    ),
  },
});

/** The answer, or what is said instead of one that comes too late. A bug that shows only then is told to `failed`. */
function within(
  clock: Clock,
  { after, late }: Limit,
  answer: Promise<HttpResponse>,
  failed: (error: unknown) => void,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = clock.setTimeout(() => {
      isLate = true;
      try {
        resolve(late());
      } catch (error) {
        reject(error as StatusError);
      }
    }, after);
    answer.then(
      (response) => {
        timer.cancel();
        resolve(response);
      },
      (error: unknown) => {
        timer.cancel();
        if (isLate && !(error instanceof StatusError)) failed(error);
        reject(error as Error);
      },
    );
  });
}
