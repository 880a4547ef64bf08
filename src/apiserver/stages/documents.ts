/** Answers what is no resource: health, metrics, version, the lists and descriptions of what is served. */
import type { HttpRequest, HttpResponse } from "#http";
import type { Discovery } from "../discovery/routes.ts";
import { methodNotAllowed } from "../errors.ts";
import { healthResponse, type HealthChecks } from "../health.ts";
import { routeAccepts, routeNotAcceptable } from "../http/accept.ts";
import { jsonResponse, plainText } from "../http/responses.ts";
import type { Metrics } from "../metrics.ts";
import type { OpenApi } from "../openapi-routes.ts";
import { utf8 } from "../render/text.ts";
import type { VersionInfo } from "../version.ts";
import type { Exchange, Stage } from "./exchange.ts";

/** A stage that answers what is its own, of all that is no resource. */
const documents = (
  name: string,
  answer: (exchange: Exchange) => HttpResponse | undefined | Promise<HttpResponse | undefined>,
): Stage => ({
  name,
  join: (next) => async (exchange) => {
    if (exchange.info!.isResource) return next(exchange);
    return (await answer(exchange)) ?? next(exchange);
  },
});

export const serveHealth = (checks: HealthChecks): Stage =>
  documents("health", ({ path, query }) => healthResponse(checks, path, query));

export const serveMetrics = (metrics: Metrics): Stage =>
  documents("metrics", ({ path, request }) => {
    if (path !== "/metrics" || request.method === "DELETE") return undefined;
    const response = plainText(200, metrics.text());
    response.headers["content-type"] = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  });

/** The paths that there are. Like other single documents, it does not look at the method. */
export const serveIndex = (discovery: Discovery, checks: HealthChecks): Stage =>
  documents("index", ({ path }) => {
    if (path !== "/") return undefined;
    const health = (["healthz", "livez", "readyz"] as const).flatMap((root) => [
      `/${root}`,
      ...checks[root].map(({ name }) => `/${root}/${name}`),
    ]);
    const others = ["/apis", ...health, "/metrics", "/openapi/v2", "/openapi/v3", "/version"];
    return jsonResponse({ paths: [...discovery.paths(), ...others].sort() });
  });

const JSON_ALONE = ["application/json"];

export const serveVersion = (version: VersionInfo): Stage =>
  documents("version", (exchange) => {
    if (exchange.path !== "/version" && exchange.path !== "/version/") return undefined;
    if (exchange.request.method !== "GET") throw methodNotAllowed();
    if (!routeAccepts(exchange.header("accept"), JSON_ALONE)) throw routeNotAcceptable(JSON_ALONE);
    return jsonResponse(version);
  });

/** Who signs the tokens of service accounts, and the public keys (JWK) that they are checked with. */
export interface TokenIssuer {
  readonly issuer: string;
  /** Loaded when they are asked for. */
  readonly keys: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** What other systems need to check the tokens of service accounts (upstream routes/openidmetadata.go). */
export const serveIssuer = ({ issuer, keys }: TokenIssuer, serverAddress: () => string): Stage =>
  documents("issuer", async (exchange) => {
    const found = ISSUER_PATHS[exchange.path.replace(/\/$/, "")];
    if (!found) return undefined;
    if (exchange.request.method !== "GET") throw methodNotAllowed();
    if (!routeAccepts(exchange.header("accept"), [found])) throw routeNotAcceptable([found]);
    const jwks = await keys();
    const value =
      found === JWK_SET
        ? { keys: jwks }
        : {
            issuer,
            jwks_uri: `https://${serverAddress()}/openid/v1/jwks`,
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: [...new Set(jwks.map(({ alg }) => alg))],
          };
    return {
      status: 200,
      headers: { "content-type": found, "cache-control": "public, max-age=3600" },
      body: { type: "bytes", bytes: utf8(JSON.stringify(value)) },
    };
  });

const JWK_SET = "application/jwk-set+json";
const ISSUER_PATHS: Readonly<Record<string, string>> = {
  "/.well-known/openid-configuration": "application/json",
  "/openid/v1/jwks": JWK_SET,
};

export const serveOpenApi = (openApi: OpenApi): Stage =>
  documents("openapi", (exchange) => openApi.respond(asked(exchange)));

export const serveDiscovery = (discovery: Discovery): Stage =>
  documents("discovery", (exchange) => discovery.respond(asked(exchange), exchange.isPretty));

/** The request with its path decoded. */
const asked = ({ path, request }: Exchange): HttpRequest => (path === request.path ? request : { ...request, path });
