import type { Random } from "#base";
import { header, type HttpRequest, type UserInfo } from "#http";
import { badRequest, entityTooLarge, schemaOf, validateDeleteOptions, type DeleteOptions } from "#objects";
import type { ResolvedResource, Verb } from "#registry";
import { decodePlain } from "../bodies.ts";
import type { Body, DeleteParameters, Operation } from "../operation.ts";
import { scaleSchema } from "../scale.ts";
import { isBuiltIn, namingOf, subresourceOf, verbsOf, type SubresourceType } from "../target.ts";
import { objectMediaType, patchType, PROTOBUF } from "./content-type.ts";
import { bodyOfProtobuf, type BodyType, type ProtobufReader } from "./protobuf.ts";
import { deleteParameters, listParameters, writeParameters } from "./query.ts";
import type { RequestInfo } from "./request-info.ts";

/** The largest body, in bytes (upstream MaxRequestBodyBytes). */
export const BODY_LIMIT = 3 * 1024 * 1024;

/** How long a watch lasts at least when the client does not say (upstream min-request-timeout), in seconds. */
const WATCH_SECONDS = 1800;

export type Resolution =
  | { readonly type: "operation"; readonly verb: Verb; readonly subresource?: SubresourceType }
  | { readonly type: "connect" }
  | { readonly type: "not-found" }
  | { readonly type: "not-allowed"; readonly allowed: readonly string[] };

const METHODS: Readonly<Record<Verb, string>> = {
  create: "POST",
  delete: "DELETE",
  deletecollection: "DELETE",
  get: "GET",
  list: "GET",
  patch: "PATCH",
  update: "PUT",
  watch: "GET",
};

/** Which route of a resource a request takes: its path has to have one, its method has to be among its verbs. */
export function resolve(target: ResolvedResource, info: RequestInfo, method: string): Resolution {
  const { definition } = target.resource;
  const named = info.name !== "" && info.verb !== "list" && info.verb !== "watch" && info.verb !== "deletecollection";
  if (definition.namespaced ? (named || info.subresource !== "") && !info.namespace : info.inNamespace) {
    return { type: "not-found" };
  }
  const subresource = info.subresource ? subresourceOf(definition, info.subresource) : undefined;
  if (info.subresource && !subresource) return { type: "not-found" };
  if (info.rest && subresource?.type !== "connect") return { type: "not-found" };
  // The old paths of watches are for nothing else.
  if (info.watchPrefix && info.verb !== "watch") return { type: "not-allowed", allowed: ["GET"] };
  const verbs = verbsOf(definition, subresource);
  if (subresource?.type === "connect") {
    const allowed = [...new Set(verbs.map((verb) => METHODS[verb]))];
    // What can be asked in every way can be asked what it takes, too.
    const passesAll = method === "OPTIONS" && allowed.includes("DELETE");
    return allowed.includes(method) || passesAll || (method === "HEAD" && allowed.includes("GET"))
      ? { type: "connect" }
      : { type: "not-allowed", allowed };
  }
  // Without a namespace in the path nothing can be created; with a name, nothing listed.
  const atPath = verbs.filter((verb) =>
    named || subresource
      ? verb === "get" ||
        verb === "update" ||
        verb === "patch" ||
        verb === "delete" ||
        (subresource && verb === "create")
      : verb === "list" || verb === "watch" || verb === "deletecollection" || verb === "create",
  );
  const open =
    definition.namespaced && !info.namespace ? atPath.filter((verb) => verb === "list" || verb === "watch") : atPath;
  const verb = open.find((candidate) => candidate === info.verb);
  if (!verb || METHODS[verb] !== method) {
    return { type: "not-allowed", allowed: [...new Set(open.map((candidate) => METHODS[candidate]))] };
  }
  return subresource ? { type: "operation", verb, subresource } : { type: "operation", verb };
}

/** What an operation is made of. */
export interface Incoming {
  readonly request: HttpRequest;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly target: ResolvedResource;
  readonly verb: Verb;
  readonly subresource: SubresourceType | undefined;
  readonly user: UserInfo;
  readonly warn: (text: string) => void;
  readonly random: Random;
  /** Absent: protobuf is not spoken. */
  readonly protobuf: (() => Promise<ProtobufReader>) | undefined;
}

/** A request to a resource as an {@link Operation}. Rejects with a StatusError for what cannot be read. */
export async function operationOf(incoming: Incoming): Promise<Operation> {
  const { request, info, query, target, verb, user, warn } = incoming;
  const common = {
    user,
    target,
    namespace: target.resource.definition.namespaced ? info.namespace : "",
    ...(info.subresource ? { subresource: info.subresource } : {}),
    warn,
  };
  const { name } = info;
  if (name) checkPathName(name);
  const userAgent = header(request.headers, "user-agent");
  switch (verb) {
    case "get": {
      const resourceVersion = query.get("resourceVersion");
      return { ...common, verb, name, ...(resourceVersion ? { resourceVersion } : {}) };
    }
    case "list":
      return { ...common, verb, query: listParameters(query, common.namespace, "") };
    case "watch": {
      const { resourceVersionMatch, ...watchQuery } = listParameters(
        query,
        common.namespace,
        info.watchPrefix ? name : "",
      );
      // Each ends some time, and not all of them at once.
      const timeoutSeconds = watchQuery.timeoutSeconds ?? Math.ceil(WATCH_SECONDS * (1 + incoming.random.next()));
      // What was checked by the rules of a list means nothing to a watch.
      const match = watchQuery.sendInitialEvents === undefined ? undefined : resourceVersionMatch;
      return {
        ...common,
        verb,
        query: {
          ...watchQuery,
          ...(match === undefined ? {} : { resourceVersionMatch: match }),
          timeoutSeconds,
          signal: request.signal,
        },
      };
    }
    case "create": {
      const body = await objectBody(incoming, bodyTypeOf(target, incoming.subresource));
      const options = writeParameters(query, userAgent, "CreateOptions");
      return { ...common, verb, ...(name ? { name } : {}), body, options };
    }
    case "update": {
      const body = await objectBody(incoming, bodyTypeOf(target, incoming.subresource));
      return { ...common, verb, name, body, options: writeParameters(query, userAgent, "UpdateOptions") };
    }
    case "patch": {
      const type = patchType(header(request.headers, "content-type"), isBuiltIn(target));
      const bytes = await readBody(request);
      const options = writeParameters(query, userAgent, "PatchOptions", type === "apply");
      const mediaType = type === "apply" ? "application/yaml" : "application/json";
      return { ...common, verb, name, patch: { type, body: { type: "encoded", bytes, mediaType } }, options };
    }
    case "delete":
      return { ...common, verb, name, options: await deleteOptions(incoming) };
    case "deletecollection":
      return {
        ...common,
        verb,
        query: listParameters(query, common.namespace, ""),
        options: await deleteOptions(incoming),
      };
  }
}

/** What no name of an object can be, whatever its kind (apimachinery api/validation/path). Throws 400. */
function checkPathName(name: string): void {
  const problem =
    name === "." || name === ".."
      ? `may not be '${name}'`
      : ["/", "%"]
          .filter((character) => name.includes(character))
          .map((character) => `may not contain '${character}'`)[0];
  if (problem) throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${problem}`);
}

/** The type of the bodies that a resource or one of its subresources takes. */
function bodyTypeOf(target: ResolvedResource, subresource: SubresourceType | undefined): BodyType {
  if (subresource?.type === "scale") return { schema: scaleSchema(), apiVersion: "autoscaling/v1", kind: "Scale" };
  if (subresource?.type !== "create") return { ...namingOf(target), schema: target.version.schema };
  const { group, version, kind, schema } = subresource.body;
  return { schema, kind, apiVersion: group ? `${group}/${version}` : version };
}

/** The object in a request's body. Rejects with 400, 413 or 415. */
async function objectBody({ request, protobuf, target }: Incoming, expected: BodyType): Promise<Body> {
  const readsProtobuf = protobuf !== undefined && isBuiltIn(target);
  const mediaType = objectMediaType(header(request.headers, "content-type"), readsProtobuf);
  const bytes = await readBody(request);
  if (mediaType !== PROTOBUF) return { type: "encoded", bytes, mediaType };
  return bodyOfProtobuf(await protobuf!(), bytes, expected);
}

/** The body of a request. Rejects with 413 when it is longer than {@link BODY_LIMIT}. */
async function readBody(request: HttpRequest): Promise<Uint8Array> {
  const bytes = await request.body(BODY_LIMIT);
  if (!bytes) throw entityTooLarge(`Request entity too large: limit is ${BODY_LIMIT}`);
  return bytes;
}

/** DeleteOptions come in the body or, when there is none, in the query. */
async function deleteOptions(incoming: Incoming): Promise<DeleteParameters> {
  const { request, query } = incoming;
  const bytes = await readBody(request);
  if (bytes.length === 0) return deleteParameters(query);
  const expected = { schema: schemaOf(DELETE_OPTIONS), apiVersion: "meta.k8s.io/v1", kind: "DeleteOptions" };
  const mediaType = objectMediaType(header(request.headers, "content-type"), incoming.protobuf !== undefined);
  const body: Body =
    mediaType === PROTOBUF
      ? bodyOfProtobuf(await incoming.protobuf!(), bytes, expected, true)
      : { type: "encoded", bytes, mediaType };
  const options = await decodePlain(body, { ...expected, fieldValidation: "Ignore", warn: () => {} });
  if (options.kind !== "DeleteOptions") {
    const [kind, version] = [JSON.stringify(options.kind), JSON.stringify(options.apiVersion)];
    throw badRequest(`no kind ${kind} is registered for version ${version} in scheme ${META_SCHEME}`);
  }
  return validateDeleteOptions(options as unknown as DeleteOptions);
}

/** The registry that upstream reads options with: it knows nothing but options. */
const META_SCHEME = '"pkg/apis/meta/internalversion/scheme/register.go:27"';

const DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
