import type { Clock, Log, Random } from "#base";
import type { HttpResponse } from "#http";
import { internalError, StatusError } from "#objects";
import { statusResponse } from "../http/responses.ts";
import type { RequestMetrics } from "../request-metrics.ts";
import type { Exchange, Stage } from "./exchange.ts";

/**
 * The outermost stage: whatever goes wrong further in becomes an answer, and every answer gets what all have, and is
 * counted. Its handler never rejects.
 */
export function account(options: {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: RequestMetrics;
}): Stage {
  const { clock, random, log, metrics } = options;
  return {
    name: "account",
    join: (next) => async (exchange) => {
      const { request, warnings } = exchange;
      const started = clock.monotonic();
      let response: HttpResponse;
      try {
        response = await next(exchange);
      } catch (error) {
        response = failureResponse(log, exchange, error);
      }
      const { headers } = response;
      headers["audit-id"] = exchange.header("audit-id") ?? random.uuid();
      const warned = warnings.headers();
      if (warned.length > 0) headers["warning"] = warned;
      const dryRun = request.query.includes("dryRun") && exchange.query.has("dryRun");
      metrics.answered(exchange.info, response.status, dryRun, (clock.monotonic() - started) / 1000);
      return response;
    },
  };
}

/** A failure as an answer: a StatusError is its Status, anything else a bug that is logged and told without internals. */
export function failureResponse(log: Log, exchange: Exchange, error: unknown): HttpResponse {
  const { request } = exchange;
  if (!(error instanceof StatusError)) {
    if (request.signal.aborted) {
      log.debug("request was broken off", { method: request.method, path: request.path });
    } else log.error("request failed", { method: request.method, path: request.path, error });
  }
  const status =
    error instanceof StatusError
      ? error
      : internalError("an error on the server has prevented the request from succeeding");
  return statusResponse(status, exchange.header("accept") ?? "", exchange.isPretty);
}
