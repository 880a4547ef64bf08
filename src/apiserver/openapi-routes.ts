import type { Throttle } from "#base";
import { header, type HttpRequest, type HttpResponse } from "#http";
import { loadSchemaTexts } from "#objects";
import type { Registry } from "#registry";
import { groupsOf } from "./discovery/groups.ts";
import { apiResourcesOf } from "./discovery/plain.ts";
import {
  documentForm,
  JSON_AND_YAML,
  jsonSteps,
  MEDIA_TYPE,
  openApiHash,
  openApiV2Steps,
  openApiV3,
  openApiV3Discovery,
  openApiV3Index,
  pathOf,
  protobufSteps,
  type DocumentForm,
  type MediaTypes,
  type OpenApiResource,
  type Served,
  type Steps,
} from "./openapi/index.ts";
import { utf8 } from "./render/text.ts";
import { yamlOf } from "./render/yaml.ts";

/** Answers `/openapi/v2` and `/openapi/v3/…`. */
export interface OpenApi {
  /** Undefined for any other path. */
  respond(request: HttpRequest): Promise<HttpResponse | undefined>;
}

const YEAR_SECONDS = 365 * 24 * 3600;
const PROTOBUF = "application/vnd.kubernetes.protobuf";
const WITH_PROTOBUF: MediaTypes = { ...JSON_AND_YAML, objects: [...JSON_AND_YAML.objects, PROTOBUF] };
const V2 = "v2";

/** What is served of one generation of the registry, and the documents about it that were asked for. */
interface Edition {
  readonly generation: number;
  readonly served: readonly Served[];
  readonly groups: readonly string[];
  /** By path: `apis/apps/v1`. */
  readonly hashes: ReadonlyMap<string, string>;
  /** The hash of everything, which v2 and the index of v3 go by. */
  readonly whole: () => string;
  /** By path and form. */
  readonly documents: Map<string, Promise<Uint8Array | undefined>>;
}

/**
 * Documents over a registry: each is made when it is first asked for and kept until the registry changes. Those of
 * v2 take long; they are made between turns of the event loop, as `throttle` allows.
 */
export function createOpenApi(
  registry: Registry,
  version: string,
  protobuf: boolean,
  throttle: Throttle = () => undefined,
): OpenApi {
  const mediaTypes = protobuf ? WITH_PROTOBUF : JSON_AND_YAML;
  let edition: Edition | undefined;

  const current = (): Edition => {
    if (edition?.generation !== registry.generation) edition = editionOf(registry);
    return edition;
  };

  const make = async (path: string, form: DocumentForm, { served, groups, hashes }: Edition) => {
    const options = { texts: await loadSchemaTexts(), mediaTypes };
    if (path === V2) {
      const document = await throttled(openApiV2Steps(served, version, options), throttle);
      if (form === "json") return throttled(jsonSteps(document), throttle);
      return throttled(protobufSteps(document, yamlOf), throttle);
    }
    const found = served.find(({ groupVersion }) => `v3/${pathOf(groupVersion)}` === path);
    const value =
      path === "v3"
        ? openApiV3Index(hashes)
        : found
          ? openApiV3(found.groupVersion, found.resources, options)
          : openApiV3Discovery(path.slice("v3/".length), groups, options);
    return value && utf8(JSON.stringify(value));
  };

  return {
    async respond(request) {
      const match = /^\/openapi\/(v2|v3)(?:\/(.*?))?\/?$/.exec(request.path);
      if (!match || (match[1] === V2 && match[2])) return undefined;
      const edition = current();
      const rest = match[2] ?? "";
      const path = rest ? `v3/${rest}` : match[1]!;
      const hash = rest ? edition.hashes.get(rest) : edition.whole();
      if (hash === undefined) return undefined;
      const form = path === V2 ? documentForm(header(request.headers, "accept") ?? "") : "json";
      if (!form) return { status: 406, headers: { vary: "Accept" }, body: { type: "empty" } };
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
      const { documents } = edition;
      const key = `${path} ${form}`;
      let document = documents.get(key);
      if (!document) documents.set(key, (document = make(path, form, edition)));
      const bytes = await document;
      if (!bytes) return undefined;
      return {
        status: 200,
        headers: { ...headers, "content-type": MEDIA_TYPE[form] },
        body: { type: "bytes", bytes },
        gzip: /\bgzip\b/.test(header(request.headers, "accept-encoding") ?? ""),
      };
    },
  };
}

function editionOf(registry: Registry): Edition {
  const groups = groupsOf(registry);
  const served = groups.flatMap(({ name, versions }) =>
    versions.map(({ version, resources }) => ({
      groupVersion: { group: name, version },
      resources: resources.flatMap((target): readonly OpenApiResource[] => apiResourcesOf(target)),
    })),
  );
  const names = groups.map(({ name }) => name);
  const hashes = new Map(served.map(({ groupVersion, resources }) => [pathOf(groupVersion), openApiHash(resources)]));
  const shared = openApiHash(names.map((name) => ({ name, kind: "", namespaced: false, verbs: [] })));
  for (const path of ["api", "apis", "version", ...names.filter(Boolean).map((name) => `apis/${name}`)]) {
    hashes.set(path, shared);
  }
  let whole: string | undefined;
  return {
    generation: registry.generation,
    served,
    groups: names,
    hashes,
    whole: () => (whole ??= openApiHash(served.flatMap(({ resources }) => resources))),
    documents: new Map(),
  };
}

async function throttled<T>(steps: Steps<T>, throttle: Throttle): Promise<T> {
  for (;;) {
    await throttle();
    const step = steps.next();
    if (step.done) return step.value;
  }
}

const redirect = (location: string): HttpResponse => ({
  status: 301,
  headers: { location, "content-type": "text/html; charset=utf-8" },
  body: { type: "bytes", bytes: utf8(`<a href="${location}">Moved Permanently</a>.\n\n`) },
});
