import { noAdmission, type AdmissionChain } from "#admission";
import type { Authenticator, Authorizer } from "#auth";
import { createThrottle, silentLog, type Clock, type Log, type Random } from "#base";
import type { Client } from "#client";
import type { HttpRequest, HttpResponse, UserInfo } from "#http";
import { noSuchPath } from "#objects";
import type { Registry } from "#registry";
import { createInProcessClient } from "./client.ts";
import { noConnector, type Connector } from "./connect.ts";
import { createLocalDiscovery } from "./discovery/local.ts";
import { createDiscovery, type Discovery } from "./discovery/routes.ts";
import { ping, type HealthCheck, type HealthChecks } from "./health.ts";
import type { ProtobufReader } from "./http/protobuf.ts";
import { pageNotFound } from "./http/responses.ts";
import type { ServerContext } from "./server-context.ts";
import { createOpenApi, type OpenApi } from "./openapi-routes.ts";
import type { Metrics } from "./metrics.ts";
import { createRequestMetrics, type RequestMetrics } from "./request-metrics.ts";
import { account } from "./stages/account.ts";
import { askLeave, countShort, identifySender, readPath } from "./stages/admittance.ts";
import { limitTime } from "./stages/deadline.ts";
import {
  serveDiscovery,
  serveHealth,
  serveIndex,
  serveIssuer,
  serveMetrics,
  serveOpenApi,
  serveVersion,
  type TokenIssuer,
} from "./stages/documents.ts";
import { Exchange, joined, type Handler, type Stage } from "./stages/exchange.ts";
import { admitConnect, connect, execute, route } from "./stages/resources.ts";
import type { VersionInfo } from "./version.ts";

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
  /** Tells other systems how to check the tokens of service accounts; absent: it is not told. */
  readonly tokenIssuer?: TokenIssuer;
  /** `host:port` as `/api` names it. */
  readonly serverAddress?: () => string;
  /**
   * Changes the list of stages that every request goes through: an audit, a static page, an aggregated API service is
   * an entry of it. Given the standard ones, see {@link standardStages} for their order.
   */
  readonly stages?: (standard: readonly Stage[]) => readonly Stage[];
  /** Answers what no stage has answered; default as upstream's routers say that there is nothing. */
  readonly delegate?: Handler;
  /** Whom the admission plugins act as. */
  readonly admissionUser?: UserInfo;
}

export interface ApiServer {
  /** Answers one request. Never rejects: whatever goes wrong is a Status. */
  handle(request: HttpRequest): Promise<HttpResponse>;
  /** The API without a wire, as a user: same authorization, admission and errors. Writes are recorded under `manager`. */
  client(user: UserInfo, manager?: string): Client;
  /** What `/metrics` shows; others add what they count. */
  readonly metrics: Metrics;
}

/** The field manager when the client names none. */
const DEFAULT_MANAGER = "knarr";

/** Upstream's name for the API server's own loopback client. */
const LOOPBACK_USER: UserInfo = { username: "system:apiserver", groups: ["system:masters", "system:authenticated"] };

/** The API server over a registry, without any transport. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { registry, authenticator, authorizer, clock } = options;
  const discovery = createDiscovery(registry, serverAddressOf(options));
  const throttle = createThrottle(clock);
  const metrics = createRequestMetrics(registry);
  const context: { -readonly [Key in keyof ServerContext]: ServerContext[Key] } = {
    registry,
    authenticator,
    authorizer,
    admission: noAdmission,
    clock,
  };
  const localDiscovery = createLocalDiscovery(registry);
  const client = (user: UserInfo, manager = DEFAULT_MANAGER) =>
    createInProcessClient(context, localDiscovery, { user, manager, throttle });
  if (options.admission) {
    context.admission =
      typeof options.admission === "function"
        ? options.admission(client(options.admissionUser ?? LOOPBACK_USER))
        : options.admission;
  }
  const openApi = createOpenApi(registry, options.version.gitVersion, options.protobuf !== undefined, throttle);
  const standard = standardStages(options, { context, metrics, discovery, openApi });
  const handler = joined(options.stages?.(standard) ?? standard, options.delegate ?? nothingThere(discovery));
  return {
    client,
    metrics: metrics.metrics,
    handle: (request) => handler(new Exchange(request)),
  };
}

const serverAddressOf = ({ serverAddress = () => "127.0.0.1:6443" }: ApiServerOptions) => serverAddress;

interface Parts {
  readonly context: ServerContext;
  readonly metrics: RequestMetrics;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
}

/** The way of a request, from the outside in. */
function standardStages(options: ApiServerOptions, { context, metrics, discovery, openApi }: Parts): Stage[] {
  const { registry, authenticator, authorizer, clock, random, protobuf } = options;
  const log = options.log ?? silentLog;
  const checks = healthChecks(options.health);
  return [
    account({ clock, random, log, metrics }),
    readPath,
    countShort(metrics),
    limitTime({ clock, log }),
    identifySender(authenticator, authorizer),
    askLeave(authorizer),
    route(registry, log),
    admitConnect(context),
    connect(options.connector ?? noConnector, metrics),
    execute({ context, metrics, clock, random, log, protobuf }),
    serveHealth(checks),
    serveMetrics(metrics.metrics),
    serveIndex(discovery, checks),
    serveVersion(options.version),
    ...(options.tokenIssuer ? [serveIssuer(options.tokenIssuer, serverAddressOf(options))] : []),
    serveOpenApi(openApi),
    serveDiscovery(discovery),
  ];
}

/** What upstream's outer router says to a path where nothing is or, below the paths of the API, the inner one. */
const nothingThere =
  (discovery: Discovery): Handler =>
  ({ path }) =>
    discovery.owns(path) ? Promise.reject(noSuchPath()) : Promise.resolve(pageNotFound());

function healthChecks(given: Partial<HealthChecks> = {}): HealthChecks {
  const withPing = (checks: readonly HealthCheck[] = []) => [ping, ...checks];
  return { healthz: withPing(given.healthz), livez: withPing(given.livez), readyz: withPing(given.readyz) };
}
