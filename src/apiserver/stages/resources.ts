/** Answers what is asked of resources. */
import type { AdmissionAttributes, AdmissionChain } from "#admission";
import type { Clock, Log, Random } from "#base";
import type { HttpResponse } from "#http";
import { badRequest, noSuchPath, type AnyDraft, type KubeObject } from "#objects";
import type { Registry, ResolvedResource, Verb } from "#registry";
import type { Connector } from "../connect.ts";
import { connectOptions, wayOf, type ConnectOptions, type ConnectWay } from "../connect-options.ts";
import { methodNotAllowed } from "../errors.ts";
import { perform } from "../execute.ts";
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
} from "../http/accept.ts";
import type { ProtobufReader } from "../http/protobuf.ts";
import { operationOf, resolve } from "../http/resource-request.ts";
import type { ServerContext } from "../server-context.ts";
import { renderResult } from "../render/result.ts";
import { includeObjectOf } from "../render/table.ts";
import type { RequestMetrics } from "../request-metrics.ts";
import { subresourceOf, verbsOf } from "../target.ts";
import { failureResponse } from "./account.ts";
import type { Exchange, Stage } from "./exchange.ts";

/** Finds the operation that a request asks for. What no resource is known for goes on as it is. */
export const route = (registry: Registry, log: Log): Stage => ({
  name: "route",
  join: (next) => (exchange) => {
    const info = exchange.info!;
    const target = info.isResource ? registry.resolve(info.group, info.version, info.resource) : undefined;
    if (!target) return next(exchange);
    const resolution = resolve(target, info, exchange.request.method);
    switch (resolution.type) {
      case "not-found":
        return Promise.reject(noSuchPath());
      case "not-allowed": {
        const response = failureResponse(log, exchange, methodNotAllowed());
        response.headers["allow"] = resolution.allowed.join(", ");
        return Promise.resolve(response);
      }
      case "connect":
        exchange.route = { type: "connect", target, way: { query: exchange.query, rest: info.rest } };
        return next(exchange);
      case "operation": {
        const { verb, subresource } = resolution;
        exchange.route = { type: "operation", target, verb, subresource };
        return next(exchange);
      }
    }
  },
});

/** Asks the admission plugins about a connection; about a write they are asked within it, once its objects are known. */
export const admitConnect = ({ admission }: ServerContext): Stage => ({
  name: "admit",
  join: (next) => async (exchange) => {
    if (exchange.route?.type !== "connect") return next(exchange);
    const { target, way } = exchange.route;
    exchange.route = { type: "connect", target, way: await askPlugins(admission, exchange, target, way) };
    return next(exchange);
  },
});

/** The way of a connection, as the plugins leave it. */
async function askPlugins(
  admission: AdmissionChain,
  exchange: Exchange,
  target: ResolvedResource,
  way: ConnectWay,
): Promise<ConnectWay> {
  const { definition } = target.resource;
  const info = exchange.info!;
  const subresource = subresourceOf(definition, info.subresource);
  // Logs are read, not connected to: upstream's plugins hear nothing of them.
  if (subresource?.type !== "connect" || subresource.kind === definition.kind) return way;
  if (exchange.query.has("dryRun")) throw badRequest("dryRun is not supported");
  const attributes: AdmissionAttributes = {
    operation: "CONNECT",
    group: info.group,
    version: info.version,
    kind: subresource.kind,
    resource: definition.resource,
    subresource: info.subresource,
    namespace: definition.namespaced ? info.namespace : "",
    name: info.name,
    dryRun: false,
    user: exchange.user!,
    warn: exchange.warnings.add,
  };
  const asked = connectOptions(subresource.kind, way.query, info);
  const options = { ...asked } as unknown as AnyDraft;
  await admission.mutate(options, undefined, attributes);
  await admission.validate(options as unknown as KubeObject, undefined, attributes);
  return wayOf(options as unknown as ConnectOptions, asked, way);
}

/** Hands connections on to where the object is. */
export const connect = (connector: Connector, metrics: RequestMetrics): Stage => ({
  name: "connect",
  join: (next) => (exchange) =>
    exchange.route?.type === "connect" ? connected(connector, metrics, exchange, exchange.route) : next(exchange),
});

async function connected(
  connector: Connector,
  metrics: RequestMetrics,
  exchange: Exchange,
  { target, way }: { readonly target: ResolvedResource; readonly way: ConnectWay },
): Promise<HttpResponse> {
  const { request } = exchange;
  const info = exchange.info!;
  const ended = metrics.longRunning(info);
  try {
    return await connector.connect({
      user: exchange.user!,
      target,
      key: { namespace: target.resource.definition.namespaced ? info.namespace : "", name: info.name },
      subresource: info.subresource,
      path: way.rest,
      query: way.query,
      request,
    });
  } finally {
    ended();
  }
}

export interface ExecuteOptions {
  readonly context: ServerContext;
  readonly metrics: RequestMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly protobuf: (() => Promise<ProtobufReader>) | undefined;
}

/** Carries operations out, and shows what comes of them in the form that the client takes. */
export const execute = ({ context, metrics, clock, random, log, protobuf }: ExecuteOptions): Stage => ({
  name: "execute",
  join: (next) => async (exchange) => {
    if (exchange.route?.type !== "operation") return next(exchange);
    const { target, verb, subresource } = exchange.route;
    const { query, request, warnings } = exchange;
    const info = exchange.info!;
    const form = formOf(exchange, target, verb);
    const includeObject = form.as?.kind === "Table" ? includeObjectOf(query.get("includeObject")) : "Metadata";
    const user = exchange.user!;
    const warn = warnings.add;
    const incoming = { random, request, info, query, target, verb, subresource, user, warn, protobuf };
    const operation = await operationOf(incoming);
    const result = await perform(context, operation);
    return renderResult(result, target, form, includeObject, {
      clock,
      gzip: /(^|[,\s])gzip\s*($|[,;])/.test(exchange.header("accept-encoding") ?? ""),
      onError: (error) => log.error("watch failed", { path: request.path, error }),
      opened: () => metrics.longRunning(info),
    });
  },
});

/** In which form the client is answered. Throws 406. */
function formOf(exchange: Exchange, target: ResolvedResource, verb: Verb): Form {
  const accept = exchange.header("accept");
  const produced = producedBy(verb === "list" || verb === "watch");
  if (!routeAccepts(accept, produced)) throw routeNotAcceptable(produced);
  const allowed = verbsOf(target.resource.definition).includes("list") ? objectTransformations : withoutTables;
  const form = negotiate(accept ?? "", allowed);
  if (!form) throw notAcceptableForm();
  if (verb === "watch" && form.mediaType !== "application/json") throw notAcceptableStream();
  return !form.pretty && exchange.isPretty ? { ...form, pretty: true } : form;
}
