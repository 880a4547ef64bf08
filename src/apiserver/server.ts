import type { AdmissionChain } from "#admission";
import { noAdmission } from "#admission";
import type { Authenticator, Authorizer } from "#auth";
import { createPacer, silentLog, type Clock, type Log, type Random } from "#base";
import type { Client } from "#client";
import { badRequest, internalError, noSuchPath, StatusError } from "#objects";
import type { Registry, UserInfo } from "#registry";
import { authorize } from "./authorize.ts";
import { createInProcessClient } from "./client.ts";
import { noConnector, type Connector } from "./connect.ts";
import { createLocalDiscovery } from "./discovery/local.ts";
import { createDiscovery, type Discovery } from "./discovery/routes.ts";
import { methodNotAllowed } from "./errors.ts";
import { perform } from "./execute.ts";
import { healthResponse, ping, type HealthCheck, type HealthChecks } from "./health.ts";
import {
  negotiate,
  notAcceptableForm,
  notAcceptableStream,
  objectTransformations,
  producedBy,
  routeAccepts,
  routeNotAcceptable,
  withoutTables,
  type Form,
} from "./http/accept.ts";
import { header, type ApiRequest, type ApiResponse } from "./http/message.ts";
import { attributesOf, decodedPath, requestInfo, type RequestInfo } from "./http/request-info.ts";
import type { ProtobufReader } from "./http/protobuf.ts";
import { operationOf, resolve } from "./http/resource-request.ts";
import { jsonResponse, pageNotFound, plainText, statusResponse } from "./http/responses.ts";
import { createWarnings, type Warnings } from "./http/warnings.ts";
import { identify } from "./identify.ts";
import type { Machinery } from "./machinery.ts";
import { createOpenApi, type OpenApi } from "./openapi-routes.ts";
import type { Metrics } from "./metrics.ts";
import { createRequestMetrics, type RequestMetrics } from "./request-metrics.ts";
import { renderResult } from "./render/result.ts";
import { includeObjectOf } from "./render/table.ts";
import type { VersionInfo } from "./version.ts";
import { verbsOf } from "./target.ts";

export interface ApiServerOptions {
  readonly registry: Registry;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** The plugins that every write passes; they may be made with a client of their own. Default: none. */
  readonly admission?: AdmissionChain | ((client: Client) => AdmissionChain);
  readonly clock: Clock;
  readonly random: Random;
  readonly version: VersionInfo;
  /** Answers `log`, `exec` and the like. Default: 503. */
  readonly connector?: Connector;
  readonly log?: Log;
  /** Beside `ping`; a check that throws makes the path answer 500. */
  readonly health?: Partial<HealthChecks>;
  /** Reads protobuf bodies, loaded when the first one comes. Default: they are answered 415. */
  readonly protobuf?: () => Promise<ProtobufReader>;
  /** `host:port` as `/api` names it. */
  readonly serverAddress?: () => string;
  /** Whom the admission plugins act as. */
  readonly admissionUser?: UserInfo;
}

export interface ApiServer {
  /** Answers one request. Never rejects: whatever goes wrong is a Status. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** The API without a wire, as a user: same authorization, admission and errors. Writes are recorded under `manager`. */
  client(user: UserInfo, manager?: string): Client;
  /** What `/metrics` shows; others add what they count. */
  readonly metrics: Metrics;
}

/** Who writes when nobody says. */
const DEFAULT_MANAGER = "knarr";

/** Upstream's name for the API server's own loopback client. */
const LOOPBACK_USER: UserInfo = { username: "system:apiserver", groups: ["system:masters", "system:authenticated"] };

/** The API server over a registry, without any transport. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { registry, authenticator, authorizer, clock, random } = options;
  const log = options.log ?? silentLog;
  const connector = options.connector ?? noConnector;
  const discovery = createDiscovery(registry, options.serverAddress ?? (() => "127.0.0.1:6443"));
  const pace = createPacer(options.clock);
  const openApi = createOpenApi(registry, options.version.gitVersion, options.protobuf !== undefined, pace);
  const metrics = createRequestMetrics(registry);
  const checks = healthChecks(options.health);
  const machinery: { -readonly [Key in keyof Machinery]: Machinery[Key] } = {
    registry,
    authenticator,
    authorizer,
    admission: noAdmission,
    clock,
  };
  const localDiscovery = createLocalDiscovery(registry);
  const client = (user: UserInfo, manager = DEFAULT_MANAGER) =>
    createInProcessClient(machinery, localDiscovery, { user, manager, pace });
  if (options.admission) {
    machinery.admission =
      typeof options.admission === "function"
        ? options.admission(client(options.admissionUser ?? LOOPBACK_USER))
        : options.admission;
  }
  const context: Context = { ...options, machinery, log, connector, discovery, openApi, metrics, checks };

  return {
    client,
    metrics: metrics.metrics,
    async handle(request) {
      const started = clock.monotonic();
      const mutating = request.method !== "GET" && request.method !== "HEAD";
      metrics.begin(mutating);
      const exchange: Exchange = { request, info: undefined, query: undefined, warnings: createWarnings() };
      let response: ApiResponse;
      try {
        response = await respond(context, exchange);
      } catch (error) {
        response = failureResponse(log, exchange, error);
      }
      const { headers } = response;
      headers["audit-id"] = header(request.headers, "audit-id") ?? random.uuid();
      const warnings = exchange.warnings.headers();
      if (warnings.length > 0) headers["warning"] = warnings;
      const dryRun = exchange.query?.has("dryRun") ?? false;
      metrics.end(exchange.info, mutating, response.status, dryRun, (clock.monotonic() - started) / 1000);
      return response;
    },
  };
}

interface Context extends ApiServerOptions {
  readonly machinery: Machinery;
  readonly log: Log;
  readonly connector: Connector;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly metrics: RequestMetrics;
  readonly checks: HealthChecks;
}

/** What becomes known of a request on its way. */
interface Exchange {
  readonly request: ApiRequest;
  info: RequestInfo | undefined;
  query: URLSearchParams | undefined;
  readonly warnings: Warnings;
}

const NO_QUERY = new URLSearchParams();

const queryOf = (exchange: Exchange): URLSearchParams => {
  const { query } = exchange.request;
  exchange.query ??= query ? new URLSearchParams(query) : NO_QUERY;
  return exchange.query;
};

async function respond(context: Context, exchange: Exchange): Promise<ApiResponse> {
  const { request } = exchange;
  const path = decodedPath(request.path);
  if (path === undefined) return plainText(400, "400 Bad Request");
  const info = requestInfo(request.method, path, request.path, () => queryOf(exchange));
  exchange.info = info;
  const user = await identify(context.authenticator, context.authorizer, request);
  await authorize(context.authorizer, attributesOf(info, user));
  return info.isResource ? resourceResponse(context, exchange, info, user) : pathResponse(context, exchange, path);
}

async function resourceResponse(
  context: Context,
  exchange: Exchange,
  info: RequestInfo,
  user: UserInfo,
): Promise<ApiResponse> {
  const { registry, machinery, metrics, clock } = context;
  const { request, warnings } = exchange;
  const target = registry.resolve(info.group, info.version, info.resource);
  if (!target) {
    return unknownPath(context, info.path);
  }
  const resolution = resolve(target, info, request.method);
  if (resolution.type === "not-found") throw noSuchPath();
  const query = queryOf(exchange);
  if (resolution.type === "connect") {
    return connect(context, exchange, { info, user, target });
  }
  if (resolution.type === "not-allowed") {
    const response = failureResponse(context.log, exchange, methodNotAllowed());
    response.headers["allow"] = resolution.allowed.join(", ");
    return response;
  }
  const accept = header(request.headers, "accept");
  const produced = producedBy(resolution.verb === "list" || resolution.verb === "watch");
  if (!routeAccepts(accept, produced)) throw routeNotAcceptable(produced);
  const allowed = verbsOf(target.resource.definition).includes("list") ? objectTransformations : withoutTables;
  const form = negotiate(accept ?? "", allowed);
  if (!form) throw notAcceptableForm();
  if (resolution.verb === "watch" && form.mediaType !== "application/json") throw notAcceptableStream();
  const includeObject = form.as?.kind === "Table" ? includeObjectOf(query.get("includeObject")) : "Metadata";
  const { verb, subresource } = resolution;
  const incoming = {
    random: context.random,
    request,
    info,
    query,
    target,
    verb,
    subresource,
    user,
    warn: warnings.add,
    protobuf: context.protobuf,
  };
  const operation = await operationOf(incoming);
  const result = await perform(machinery, operation);
  return renderResult(result, target, wanted(form, exchange), includeObject, {
    clock,
    gzip: takesGzip(request),
    onError: (error) => context.log.error("watch failed", { path: request.path, error }),
    opened: () => metrics.longRunning(info),
  });
}

async function connect(
  context: Context,
  exchange: Exchange,
  {
    info,
    user,
    target,
  }: {
    readonly info: RequestInfo;
    readonly user: UserInfo;
    readonly target: NonNullable<ReturnType<Registry["resolve"]>>;
  },
): Promise<ApiResponse> {
  if (queryOf(exchange).has("dryRun")) throw badRequest("dryRun is not supported");
  const ended = context.metrics.longRunning(info);
  try {
    return await context.connector.connect({
      user,
      target,
      key: { namespace: target.resource.definition.namespaced ? info.namespace : "", name: info.name },
      subresource: info.subresource,
      path: info.rest,
      query: queryOf(exchange),
      request: exchange.request,
    });
  } finally {
    ended();
  }
}

/** Paths that are no resources; `path` is decoded. Those of single documents do not look at the method, as upstream's. */
async function pathResponse(context: Context, exchange: Exchange, path: string): Promise<ApiResponse> {
  const { request } = exchange;
  const { method } = request;
  const health = await healthResponse(context.checks, path, queryOf(exchange));
  if (health) return health;
  if (path === "/metrics" && method !== "DELETE") {
    const response = plainText(200, context.metrics.metrics.text());
    response.headers["content-type"] = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  }
  if (path === "/") return jsonResponse({ paths: rootPaths(context) });
  if (path === "/version" || path === "/version/") {
    if (method !== "GET") throw methodNotAllowed();
    if (!routeAccepts(header(request.headers, "accept"), JSON_ALONE)) throw routeNotAcceptable(JSON_ALONE);
    return jsonResponse(context.version);
  }
  const asked = path === request.path ? request : { ...request, path };
  const openApi = await context.openApi.respond(asked);
  if (openApi) return openApi;
  return (await context.discovery.respond(asked, isPretty(exchange))) ?? unknownPath(context, path);
}

const JSON_ALONE = ["application/json"];

/** Nothing is at a path: what upstream's outer router says to it, or, below the paths of the API, the inner one. */
function unknownPath({ discovery }: Context, path: string): ApiResponse {
  if (discovery.owns(path)) throw noSuchPath();
  return pageNotFound();
}

function rootPaths({ discovery, checks }: Context): string[] {
  const health = (["healthz", "livez", "readyz"] as const).flatMap((root) => [
    `/${root}`,
    ...checks[root].map(({ name }) => `/${root}/${name}`),
  ]);
  return [...discovery.paths(), "/apis", ...health, "/metrics", "/openapi/v2", "/openapi/v3", "/version"].sort();
}

/** A failure as an answer: a StatusError is its Status, anything else a bug that is logged and told without innards. */
function failureResponse(log: Log, exchange: Exchange, error: unknown): ApiResponse {
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
  return statusResponse(status, header(request.headers, "accept") ?? "", isPretty(exchange));
}

const wanted = (form: Form, exchange: Exchange): Form =>
  !form.pretty && isPretty(exchange) ? { ...form, pretty: true } : form;

/** By the parameter or, when it is not there, for people with curl or a browser. */
function isPretty(exchange: Exchange): boolean {
  const { request } = exchange;
  if (request.query.includes("pretty")) {
    const value = queryOf(exchange).get("pretty");
    if (value) return /^(1|t|T|true|True|TRUE)$/.test(value);
  }
  return /^(curl|Wget|Mozilla\/5\.0)/.test(header(request.headers, "user-agent") ?? "");
}

const takesGzip = ({ headers }: ApiRequest) =>
  /(^|[,\s])gzip\s*($|[,;])/.test(header(headers, "accept-encoding") ?? "");

function healthChecks(given: Partial<HealthChecks> = {}): HealthChecks {
  const withPing = (checks: readonly HealthCheck[] = []) => [ping, ...checks];
  return { healthz: withPing(given.healthz), livez: withPing(given.livez), readyz: withPing(given.readyz) };
}
