import type { Attributes } from "#auth";
import type { UserInfo } from "#http";

/**
 * What a path and method ask for (apiserver endpoints/request RequestInfo): who may do it is decided from this,
 * before it is known whether the path is served.
 */
export interface RequestInfo {
  readonly isResource: boolean;
  /** get, list, watch, create, update, patch, delete, deletecollection; the method in lower case for other paths. */
  readonly verb: string;
  /** Percent-decoded. */
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  /** The resource stands behind a namespace: `…/namespaces/a/pods`, not `…/namespaces/a` itself. */
  readonly inNamespace: boolean;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows the subresource, without a leading slash; as sent, where that can be told. */
  readonly rest: string;
  /** It goes on until one side ends it: a watch, a stream. All others are short, have a deadline and count as load. */
  readonly isLongRunning: boolean;
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
  inNamespace: false,
  resource: "",
  subresource: "",
  name: "",
  rest: "",
  isLongRunning: false,
  watchPrefix: false,
});

/** kube-apiserver's own list (BasicLongRunningRequestCheck). */
const LONG_RUNNING_SUBRESOURCES = new Set(["attach", "exec", "proxy", "log", "portforward"]);

/**
 * Takes a path apart. What is percent-encoded is decoded first, slashes too, as Go's server does it; `sent` is the
 * path before that. `query` is only asked when the verb or the name hang on it. Never throws.
 */
export function requestInfo(method: string, path: string, sent: string, query: () => URLSearchParams): RequestInfo {
  const parts = segmentsOf(path);
  const legacy = parts[0] === "api";
  const start = legacy ? 2 : 3;
  if ((!legacy && parts[0] !== "apis") || parts.length <= start) return nonResource(method, path);
  const group = legacy ? "" : parts[1]!;
  const version = parts[start - 1]!;

  let verb = VERBS[method] ?? "";
  let at = start;
  const watchPrefix = parts[at] === "watch" && parts.length > at + 1;
  if (watchPrefix) {
    verb = method === "GET" || method === "HEAD" ? "watch" : verb;
    at++;
  }
  let namespace = "";
  let inNamespace = false;
  if (parts[at] === "namespaces" && parts.length > at + 1) {
    namespace = parts[at + 1]!;
    inNamespace = parts.length > at + 2 && !NAMESPACE_SUBRESOURCES.has(parts[at + 2]!);
    if (inNamespace) at += 2;
  }
  const resource = parts[at]!;
  let name = parts[at + 1] ?? "";
  const subresource = parts[at + 2] ?? "";
  const rest = at + 3 < parts.length ? restOf(parts, sent, at + 3) : "";
  if (verb === "get" && !name) {
    const parameters = query();
    verb = truthy(parameters.get("watch")) ? "watch" : "list";
    name = exactName(parameters.get("fieldSelector"));
  }
  if (verb === "delete" && !name) verb = "deletecollection";
  return {
    isResource: true,
    verb,
    path,
    group,
    version,
    namespace,
    inNamespace,
    resource,
    subresource,
    name,
    rest,
    isLongRunning: verb === "watch" || LONG_RUNNING_SUBRESOURCES.has(subresource),
    watchPrefix,
  };
}

/** Between the slashes, but for those at the end and the one at the beginning. */
function segmentsOf(path: string): string[] {
  const parts = path.split("/");
  if (parts[0] === "") parts.shift();
  while (parts.at(-1) === "") parts.pop();
  return parts;
}

/** The segments from one on. What is passed on to others keeps its encoding unless slashes are hidden in it. */
function restOf(parts: readonly string[], sent: string, from: number): string {
  const encoded = segmentsOf(sent);
  return (encoded.length === parts.length ? encoded : parts).slice(from).join("/");
}

/** A path percent-decoded; undefined when it is malformed. What is no UTF-8 stays as it is. */
export function decodedPath(path: string): string | undefined {
  if (!path.includes("%")) return path;
  if (/%(?![0-9a-f]{2})/i.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
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
