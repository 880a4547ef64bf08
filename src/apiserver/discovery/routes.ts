import { header, type HttpRequest, type HttpResponse } from "#http";
import type { Registry } from "#registry";
import { methodNotAllowed } from "../errors.ts";
import {
  negotiate,
  notAcceptableForm,
  plainOnly,
  producedBy,
  routeAccepts,
  routeNotAcceptable,
  type Form,
} from "../http/accept.ts";
import { fingerprint } from "../http/etag.ts";
import { encodeValue } from "../render/value.ts";
import { aggregatedDiscovery, aggregatedOnly } from "./aggregated.ts";
import { groupsOf, type GroupView } from "./groups.ts";
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from "./plain.ts";

/** Answers the paths of discovery. */
export interface Discovery {
  /**
   * Undefined when the path is not one of discovery or names a group or version that is not served. `wantsPretty`:
   * people read it.
   */
  respond(request: HttpRequest, wantsPretty: boolean): Promise<HttpResponse | undefined>;
  /** Whether a group and version serve anything. */
  serves(group: string, version: string): boolean;
  /** Whether a path is below one that upstream's router has: what is not there is told as a Status. */
  owns(path: string): boolean;
  /** The paths of all groups and versions, for the list at `/`. */
  paths(): readonly string[];
}

/** Discovery over a registry; documents are made when first asked for and kept until the registry changes. */
export function createDiscovery(registry: Registry, serverAddress: () => string): Discovery {
  let generation = -1;
  let groups: readonly GroupView[] = [];
  let served = new Set<string>();
  let documents = new Map<string, { readonly bytes: Uint8Array; readonly etag?: string }>();

  const refresh = () => {
    if (generation === registry.generation) return;
    generation = registry.generation;
    groups = groupsOf(registry);
    served = new Set(groups.flatMap((group) => group.versions.map(({ version }) => `${group.name}/${version}`)));
    documents = new Map();
  };

  const documentAt = async (path: string): Promise<object | undefined> => {
    const [root, ...rest] = path.split("/").filter((part) => part !== "");
    if (root === "api") {
      if (rest.length === 0) return apiVersions(serverAddress());
      const view = groups.find(({ name }) => name === "")?.versions.find(({ version }) => version === rest[0]);
      return rest.length === 1 && view ? apiResourceList("", view) : undefined;
    }
    if (root !== "apis") return undefined;
    if (rest.length === 0) return apiGroupList(groups);
    const group = groups.find(({ name }) => name !== "" && name === rest[0]);
    if (!group || rest.length > 2) return undefined;
    if (rest.length === 1) return { kind: "APIGroup", apiVersion: "v1", ...apiGroup(group) };
    const view = group.versions.find(({ version }) => version === rest[1]);
    return view && apiResourceList(group.name, view);
  };

  return {
    serves(group, version) {
      refresh();
      return served.has(`${group}/${version}`);
    },
    owns(path) {
      const [, root, group] = path.split("/");
      if (root === "api" || root === "version") return true;
      refresh();
      return root === "apis" && groups.some(({ name }) => name !== "" && name === group);
    },
    paths() {
      refresh();
      return groups.flatMap(({ name, versions }) =>
        name === ""
          ? ["/api", ...versions.map(({ version }) => `/api/${version}`)]
          : [`/apis/${name}`, ...versions.map(({ version }) => `/apis/${name}/${version}`)],
      );
    },
    async respond(request, wantsPretty) {
      const { method, path, headers } = request;
      if (!DISCOVERY.test(path)) return undefined;
      refresh();
      const accept = header(headers, "accept");
      const byRouter = !AGGREGATOR.test(path);
      if (byRouter && !routeAccepts(accept, producedBy(false))) throw routeNotAcceptable(producedBy(false));
      const aggregated = ROOT.test(path) ? negotiate(accept ?? "", aggregatedOnly) : undefined;
      const form = aggregated?.as ? aggregated : negotiate(accept ?? "", plainOnly);
      if (!form) throw notAcceptableForm();
      const pretty = form.pretty || wantsPretty;
      const key = `${path} ${form.mediaType} ${form.as ? "aggregated" : ""} ${pretty ? "pretty" : ""}`;
      let document = documents.get(key);
      if (!document) {
        const into = documents;
        const value = form.as ? aggregatedAt(path, groups) : await documentAt(path);
        if (!value) return undefined;
        const bytes = encodeValue(value, { mediaType: form.mediaType, pretty });
        document = { bytes, ...(form.as ? { etag: `"${fingerprint(bytes)}"` } : {}) };
        into.set(key, document);
      }
      if (byRouter && method !== "GET") throw methodNotAllowed();
      return documentResponse(document, form, header(headers, "if-none-match"));
    },
  };
}

const DISCOVERY = /^\/(api|apis)(\/|$)/;
/** Where everything at once is served. */
const ROOT = /^\/(api\/?|apis)$/;
/**
 * Upstream's aggregator serves the groups by itself, past its router: with any method, and in any form that can be
 * negotiated.
 */
const AGGREGATOR = /^\/apis(\/[^/]+)?\/?$/;

const aggregatedAt = (path: string, groups: readonly GroupView[]) =>
  aggregatedDiscovery(groups.filter(({ name }) => (name === "") === !path.startsWith("/apis")));

function documentResponse(
  { bytes, etag }: { readonly bytes: Uint8Array; readonly etag?: string },
  form: Form,
  known: string | undefined,
): HttpResponse {
  if (!etag || !form.as) {
    return {
      status: 200,
      headers: { "content-type": form.mediaType, "cache-control": "no-cache, private" },
      body: { type: "bytes", bytes },
    };
  }
  const { group, version, kind } = form.as;
  const headers = { etag, vary: "Accept", "cache-control": "public" };
  if (known === etag) return { status: 304, headers, body: { type: "empty" } };
  return {
    status: 200,
    headers: { ...headers, "content-type": `${form.mediaType};g=${group};v=${version};as=${kind}` },
    body: { type: "bytes", bytes },
  };
}
