import { loadSchemaTexts } from "#objects";
import type { Registry } from "#registry";
import { groupsOf, type GroupView } from "./discovery/groups.ts";
import { apiResourcesOf } from "./discovery/plain.ts";
import { header, type ApiRequest, type ApiResponse } from "./http/message.ts";
import {
  JSON_AND_YAML,
  openApiHash,
  openApiV2,
  openApiV3,
  openApiV3Discovery,
  openApiV3Index,
  pathOf,
  type MediaTypes,
  type OpenApiResource,
} from "./openapi/index.ts";
import { utf8 } from "./render/text.ts";

/** Answers `/openapi/v2` and `/openapi/v3/…`. */
export interface OpenApi {
  /** Undefined for any other path. */
  respond(request: ApiRequest): Promise<ApiResponse | undefined>;
}

const YEAR_SECONDS = 365 * 24 * 3600;
const PROTOBUF = "application/vnd.kubernetes.protobuf";
const WITH_PROTOBUF: MediaTypes = { ...JSON_AND_YAML, objects: [...JSON_AND_YAML.objects, PROTOBUF] };

/** Documents over a registry: each is made when it is first asked for and kept until the registry changes. */
export function createOpenApi(registry: Registry, version: string, protobuf: boolean): OpenApi {
  const mediaTypes = protobuf ? WITH_PROTOBUF : JSON_AND_YAML;
  let generation = -1;
  let groups: readonly GroupView[] = [];
  let served: ReturnType<typeof servedOf> = [];
  let hashes = new Map<string, string>();
  let documents = new Map<string, Promise<Uint8Array | undefined>>();

  const refresh = () => {
    if (generation === registry.generation) return;
    generation = registry.generation;
    groups = groupsOf(registry);
    served = servedOf(groups);
    documents = new Map();
    hashes = new Map(served.map(({ groupVersion, resources }) => [pathOf(groupVersion), openApiHash(resources)]));
    const names = groups.map(({ name }) => name);
    const shared = openApiHash(names.map((name) => ({ name, kind: "", namespaced: false, verbs: [] })));
    for (const path of ["api", "apis", "version", ...names.filter(Boolean).map((name) => `apis/${name}`)]) {
      hashes.set(path, shared);
    }
  };

  const make = async (path: string): Promise<Uint8Array | undefined> => {
    const options = { texts: await loadSchemaTexts(), mediaTypes };
    const found = served.find(({ groupVersion }) => `v3/${pathOf(groupVersion)}` === path);
    const names = groups.map(({ name }) => name);
    const value =
      path === "v2"
        ? openApiV2(served, version, options)
        : path === "v3"
          ? openApiV3Index(hashes)
          : found
            ? openApiV3(found.groupVersion, found.resources, options)
            : openApiV3Discovery(path.slice("v3/".length), names, options);
    return value && utf8(JSON.stringify(value));
  };

  return {
    async respond(request) {
      const match = /^\/openapi\/(v2|v3)(?:\/(.*?))?\/?$/.exec(request.path);
      if (!match || (match[1] === "v2" && match[2])) return undefined;
      refresh();
      const rest = match[2] ?? "";
      const path = rest ? `v3/${rest}` : match[1]!;
      const hash = rest ? hashes.get(rest) : openApiHash(served.flatMap(({ resources }) => resources));
      if (hash === undefined) return undefined;
      const asked = rest ? new URLSearchParams(request.query).get("hash") : null;
      if (asked && asked !== hash) {
        return redirect(`/openapi/v3/${rest}?hash=${hash}`);
      }
      const etag = `"${hash}"`;
      const headers: Record<string, string> = {
        etag,
        vary: "Accept",
        "cache-control": asked ? `public, immutable, max-age=${YEAR_SECONDS}` : "no-cache, private",
      };
      if (header(request.headers, "if-none-match") === etag) return { status: 304, headers, body: { type: "empty" } };
      let document = documents.get(path);
      if (!document) documents.set(path, (document = make(path)));
      const bytes = await document;
      if (!bytes) return undefined;
      return {
        status: 200,
        headers: { ...headers, "content-type": "application/json" },
        body: { type: "bytes", bytes },
        gzip: /\bgzip\b/.test(header(request.headers, "accept-encoding") ?? ""),
      };
    },
  };
}

function servedOf(groups: readonly GroupView[]) {
  return groups.flatMap(({ name, versions }) =>
    versions.map(({ version, resources }) => ({
      groupVersion: { group: name, version },
      resources: resources.flatMap((target): readonly OpenApiResource[] => apiResourcesOf(target)),
    })),
  );
}

const redirect = (location: string): ApiResponse => ({
  status: 301,
  headers: { location, "content-type": "text/html; charset=utf-8" },
  body: { type: "bytes", bytes: utf8(`<a href="${location}">Moved Permanently</a>.\n\n`) },
});
