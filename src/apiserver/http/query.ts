import {
  badRequest,
  goQuote,
  int64,
  integerProblem,
  parseFieldSelector,
  parseLabelSelector,
  validateDeleteOptions,
  validateListOptions,
  validateWatchOptions,
  type DeleteOptions,
  type Draft,
} from "#objects";
import type { ListQuery, WatchQuery } from "#registry";
import type { DeleteParameters, WriteParameters } from "../operation.ts";
import { truthy } from "./request-info.ts";
import { validateWriteOptions } from "../options.ts";

type ListParameters = Omit<WatchQuery, "signal"> & ListQuery;

/**
 * The parameters of a list or watch, in the order of upstream's checks (apiserver handlers listOpts): a value that does
 * not parse is a 400, parameters that do not go together are a 422, another name than that of the path is a 400. By
 * which rules they go together hangs on the parameter `watch`, also where the path asks for a watch.
 */
export function listParameters(query: URLSearchParams, namespace: string, name: string): ListParameters {
  const parameters: { -readonly [Key in keyof ListParameters]: ListParameters[Key] } = {};
  if (namespace) parameters.namespace = namespace;
  const text = (key: "labelSelector" | "fieldSelector" | "continue" | "resourceVersion" | "resourceVersionMatch") => {
    const value = query.get(key);
    if (value) parameters[key] = value;
  };
  text("labelSelector");
  text("fieldSelector");
  text("continue");
  text("resourceVersion");
  text("resourceVersionMatch");
  const limit = integer(query, "limit");
  if (limit !== undefined && limit > 0) parameters.limit = limit;
  const timeout = integer(query, "timeoutSeconds");
  if (timeout !== undefined && timeout > 0) parameters.timeoutSeconds = timeout;
  if (query.has("allowWatchBookmarks")) parameters.allowWatchBookmarks = truthy(query.get("allowWatchBookmarks"));
  if (query.has("sendInitialEvents")) parameters.sendInitialEvents = truthy(query.get("sendInitialEvents"));
  checkTogether(parameters, truthy(query.get("watch")));
  if (name) {
    if (parameters.fieldSelector === undefined) parameters.fieldSelector = `metadata.name=${name}`;
    else if (!namesExactly(parameters.fieldSelector, name)) {
      throw badRequest("fieldSelector metadata.name doesn't match requested name");
    }
  }
  return parameters;
}

/** Adds what a watch from whatever is newest means by default (meta/internalversion SetListOptionsDefaults), and checks. */
function checkTogether(parameters: { -readonly [Key in keyof ListParameters]: ListParameters[Key] }, watch: boolean) {
  const { resourceVersion = "", resourceVersionMatch, sendInitialEvents, labelSelector, fieldSelector } = parameters;
  const open = sendInitialEvents === undefined && resourceVersionMatch === undefined;
  if (watch && open && (resourceVersion === "" || resourceVersion === "0")) {
    parameters.sendInitialEvents = true;
    parameters.resourceVersionMatch = "NotOlderThan";
  }
  try {
    (watch ? validateWatchOptions : validateListOptions)(parameters);
  } catch (error) {
    // Selectors are read before; a good request has them read once, where they are used.
    if (labelSelector) parseLabelSelector(labelSelector);
    if (fieldSelector) parseFieldSelector(fieldSelector);
    throw error;
  }
}

/** The parameters of a create, update or patch; `kind` names them in errors (`CreateOptions`). */
export function writeParameters(
  query: URLSearchParams,
  userAgent: string | undefined,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  isApply = false,
): WriteParameters & { readonly force?: boolean } {
  const force = query.has("force") ? truthy(query.get("force")) : undefined;
  const options = {
    dryRun: query.getAll("dryRun"),
    fieldManager: query.get("fieldManager") ?? "",
    fieldValidation: query.get("fieldValidation") ?? "",
    ...(force === undefined ? {} : { force }),
  };
  validateWriteOptions(kind, options, isApply);
  const fieldManager = options.fieldManager || managerOfUserAgent(userAgent ?? "");
  return {
    dryRun: options.dryRun.length > 0,
    ...(fieldManager ? { fieldManager } : {}),
    fieldValidation: (options.fieldValidation || "Warn") as WriteParameters["fieldValidation"],
    ...(force === undefined ? {} : { force }),
  };
}

/** DeleteOptions out of the query, for a DELETE without a body. */
export function deleteParameters(query: URLSearchParams): DeleteParameters {
  const options: Draft<DeleteOptions> = {};
  if (query.has("dryRun")) options.dryRun = query.getAll("dryRun");
  const grace = integerText(query, "gracePeriodSeconds");
  if (grace !== undefined) options.gracePeriodSeconds = int64(BigInt(grace));
  const policy = query.get("propagationPolicy");
  if (policy !== null) options.propagationPolicy = policy;
  if (query.has("orphanDependents")) options.orphanDependents = truthy(query.get("orphanDependents"));
  const [uid, resourceVersion] = [query.get("uid"), query.get("resourceVersion")];
  if (uid || resourceVersion) {
    options.preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
  }
  return validateDeleteOptions(options);
}

/** What a User-Agent says before its first slash, without characters that cannot be printed, at most 128 bytes. */
export function managerOfUserAgent(userAgent: string): string {
  const name = userAgent.split("/", 1)[0]!;
  if (/^[\x20-\x7e]{0,128}$/.test(name)) return name;
  let result = "";
  let bytes = 0;
  for (const character of name) {
    if (!PRINTABLE.test(character)) continue;
    bytes += new TextEncoder().encode(character).length;
    if (bytes > 128) break;
    result += character;
  }
  return result;
}

/** Letters, marks, numbers, punctuation, symbols and the plain space (Go's unicode.IsPrint). */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** A parameter that is an integer of 64 bits (Go's strconv.ParseInt, texts included). */
function integerText(query: URLSearchParams, key: string): string | undefined {
  const text = query.get(key);
  if (text === null) return undefined;
  const problem = integerProblem(text);
  if (problem) throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: ${problem}`);
  return text;
}

/** The same as a number, which beyond 2^53 is the nearest one. */
function integer(query: URLSearchParams, key: string): number | undefined {
  const text = integerText(query, key);
  return text === undefined ? undefined : Number(text);
}

function namesExactly(selector: string, name: string): boolean {
  return selector.split(",").some((term) => term === `metadata.name=${name}` || term === `metadata.name==${name}`);
}
