import type { Attributes } from "#auth";
import type { UserInfo } from "#registry";

/**
 * What a path and method ask for (apiserver endpoints/request RequestInfo): who may do it is decided from this,
 * before it is known whether the path is served.
 */
export interface RequestInfo {
  readonly isResource: boolean;
  /** get, list, watch, create, update, patch, delete, deletecollection; the method in lower case for other paths. */
  readonly verb: string;
  /** As sent. */
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows the subresource, without a leading slash. */
  readonly rest: string;
  /** Asked for by the old `/api/v1/watch/…` form. */
  readonly watchPrefix: boolean;
}

/** The namespace's own subresources; anything else after its name is a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);

const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

const nonResource = (method: string, path: string): RequestInfo => ({
  isResource: false,
  verb: method.toLowerCase(),
  path,
  group: "",
  version: "",
  namespace: "",
  resource: "",
  subresource: "",
  name: "",
  rest: "",
  watchPrefix: false,
});

/** Takes a path apart. `query` is only asked when the verb or the name hang on it. Never throws. */
export function requestInfo(method: string, path: string, query: () => URLSearchParams): RequestInfo {
  const parts = path.split("/");
  if (parts[0] === "") parts.shift();
  if (parts.at(-1) === "") parts.pop();
  const legacy = parts[0] === "api";
  const start = legacy ? 2 : 3;
  if ((!legacy && parts[0] !== "apis") || parts.length <= start) return nonResource(method, path);
  const group = legacy ? "" : decode(parts[1]!);
  const version = decode(parts[start - 1]!);

  let verb = VERBS[method] ?? "";
  let at = start;
  const watchPrefix = parts[at] === "watch" && parts.length > at + 1;
  if (watchPrefix) {
    verb = method === "GET" || method === "HEAD" ? "watch" : verb;
    at++;
  }
  let namespace = "";
  if (parts[at] === "namespaces" && parts.length > at + 1) {
    namespace = decode(parts[at + 1]!);
    if (parts.length > at + 2 && !NAMESPACE_SUBRESOURCES.has(parts[at + 2]!)) at += 2;
  }
  const resource = decode(parts[at]!);
  let name = at + 1 < parts.length ? decode(parts[at + 1]!) : "";
  const subresource = at + 2 < parts.length ? decode(parts[at + 2]!) : "";
  const rest = at + 3 < parts.length ? parts.slice(at + 3).join("/") : "";
  if (verb === "get" && !name) {
    const parameters = query();
    verb = truthy(parameters.get("watch")) ? "watch" : "list";
    name = exactName(parameters.get("fieldSelector"));
  }
  if (verb === "delete" && !name) verb = "deletecollection";
  return { isResource: true, verb, path, group, version, namespace, resource, subresource, name, rest, watchPrefix };
}

/** What an authorizer is asked about a request. */
export function attributesOf(info: RequestInfo, user: UserInfo): Attributes {
  return {
    user,
    verb: info.verb,
    path: info.path,
    isResource: info.isResource,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
  };
}

/** How a query parameter of type boolean is read: present and neither "false" nor "0". */
export function truthy(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== "false" && value !== "0";
}

/** The name in `metadata.name=x`, so that rules about named objects hold for it too. */
function exactName(selector: string | null): string {
  for (const term of selector?.split(",") ?? []) {
    const match = /^metadata\.name==?([^=!].*)$/.exec(term);
    if (match?.[1] && !/[/%]/.test(match[1]) && match[1] !== "." && match[1] !== "..") return match[1];
  }
  return "";
}

function decode(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
