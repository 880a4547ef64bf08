/** What is settled of every request before it is looked at what it asks for: its path, its time, its sender, their leave. */
import type { Authenticator, Authorizer } from "#auth";
import { authorize } from "../authorize.ts";
import { attributesOf, decodedPath, requestInfo } from "../http/request-info.ts";
import { plainText } from "../http/responses.ts";
import { identify } from "../identify.ts";
import type { RequestMetrics } from "../request-metrics.ts";
import type { Stage } from "./exchange.ts";

/** Takes the path apart. */
export const readPath: Stage = {
  name: "path",
  join: (next) => (exchange) => {
    const { request } = exchange;
    const path = decodedPath(request.path);
    if (path === undefined) return Promise.resolve(plainText(400, "400 Bad Request"));
    exchange.path = path;
    exchange.info = requestInfo(request.method, path, request.path, () => exchange.query);
    return next(exchange);
  },
};

/** Counts the short requests that are under way; the long-running ones are counted where they are answered. */
export const countShort = (metrics: RequestMetrics): Stage => ({
  name: "in-flight",
  join: (next) => async (exchange) => {
    const { info, request } = exchange;
    if (info?.isLongRunning) return next(exchange);
    const mutating = request.method !== "GET" && request.method !== "HEAD";
    metrics.began(mutating);
    try {
      return await next(exchange);
    } finally {
      metrics.ended(mutating);
    }
  },
});

/** Authenticates the client, and lets it act as another user when it asks to and may. */
export const identifySender = (authenticator: Authenticator, authorizer: Authorizer): Stage => ({
  name: "identify",
  join: (next) => async (exchange) => {
    exchange.user = await identify(authenticator, authorizer, exchange.request, exchange.warnings.add);
    return next(exchange);
  },
});

/** Refuses what the user may not do. */
export const askLeave = (authorizer: Authorizer): Stage => ({
  name: "authorize",
  join: (next) => async (exchange) => {
    await authorize(authorizer, attributesOf(exchange.info!, exchange.user!));
    return next(exchange);
  },
});
