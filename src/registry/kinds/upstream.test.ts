/** The kinds that are served, compared with what upstream's discovery and printers say. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ResourceDefinition, Subresource, Verb } from "../definition.ts";
import type { KubeObject } from "#objects";
import { BUILT_IN_KINDS } from "./index.ts";

const folder = process.env["KNARR_UPSTREAM"] ?? join(import.meta.dirname, "../../../../shared/upstream");

/** Why a comparison is skipped; false when it can be made. */
const upstreamMissing: string | false = existsSync(folder) ? false : `no facts of upstream in ${folder}`;

const readUpstream = (file: string): string => readFileSync(join(folder, file), "utf8");

interface Listed {
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: string;
  readonly shortNames: string;
  readonly categories: string;
}

const ALL: readonly Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const sorted = (items: readonly string[] | undefined) => [...(items ?? [])].sort().join();

function subresourceVerbs(subresource: Subresource<KubeObject>): string {
  switch (subresource.type) {
    case "scale":
      return "get,patch,update";
    case "create":
      return "create";
    case "update":
      return sorted(subresource.verbs ?? ["get", "patch", "update"]);
    case "connect":
      return sorted(subresource.verbs);
  }
}

/** `group/version/resource` and `group/version/resource/subresource` of every definition. */
function ours(): Map<string, Listed | string> {
  const result = new Map<string, Listed | string>();
  for (const definition of BUILT_IN_KINDS) {
    for (const version of definition.versions) {
      const path = `${version.group ?? definition.group}/${version.version}/${definition.resource}`;
      result.set(path, listing(definition));
      if (definition.hasStatus) result.set(`${path}/status`, "get,patch,update");
      for (const [name, subresource] of Object.entries(definition.subresources ?? {})) {
        result.set(`${path}/${name}`, subresourceVerbs(subresource));
      }
    }
  }
  return result;
}

const listing = (definition: ResourceDefinition): Listed => ({
  kind: definition.kind,
  singular: definition.singular,
  namespaced: definition.namespaced,
  verbs: sorted(definition.verbs ?? ALL),
  shortNames: sorted(definition.shortNames),
  categories: sorted(definition.categories),
});

interface ApiResourceList {
  readonly groupVersion: string;
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly singularName: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  }[];
}

interface Aggregated {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly versions: readonly { readonly version: string }[];
  }[];
}

function upstreams(): Map<string, Listed | string> {
  const files = ["discovery/api__v1.json"];
  const groups = JSON.parse(readUpstream("discovery/aggregated_v2.json")) as Aggregated;
  for (const { metadata, versions } of groups.items) {
    for (const { version } of versions) files.push(`discovery/apis__${metadata.name}__${version}.json`);
  }
  const result = new Map<string, Listed | string>();
  for (const file of files) {
    const { groupVersion, resources } = JSON.parse(readUpstream(file)) as ApiResourceList;
    for (const resource of resources) {
      const path = `${groupVersion.includes("/") ? groupVersion : `/${groupVersion}`}/${resource.name}`;
      const verbs = sorted(resource.verbs);
      if (resource.name.includes("/")) result.set(path, verbs);
      else {
        const { kind, singularName: singular, namespaced, shortNames, categories } = resource;
        const names = { shortNames: sorted(shortNames), categories: sorted(categories) };
        result.set(path, { kind, singular, namespaced, verbs, ...names });
      }
    }
  }
  return result;
}

test("every resource of upstream's discovery is served alike", { skip: upstreamMissing }, () => {
  const byPath = (map: Map<string, unknown>) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  assert.deepEqual(byPath(ours()), byPath(upstreams()));
});

test("every schema is one of upstream's", { skip: upstreamMissing }, () => {
  for (const definition of BUILT_IN_KINDS) {
    for (const { group = definition.group, version, schema } of definition.versions) {
      const file = group === "" ? `api__${version}` : `apis__${group}__${version}`;
      const document = JSON.parse(readUpstream(`openapi-v3/${file}.json`)) as {
        readonly components: { readonly schemas: Record<string, unknown> };
      };
      assert.ok((schema.name ?? "") in document.components.schemas, `${file} has no ${schema.name}`);
    }
  }
});

/** What upstream's table of printers calls a kind, where it is not simply the kind. */
const PRINTER_NAMES: Readonly<Record<string, string>> = {
  Endpoints: "endpoint",
  RoleBinding: "roleBindings",
  ClusterRoleBinding: "clusterRoleBindings",
  MutatingWebhookConfiguration: "mutatingWebhook",
  ValidatingWebhookConfiguration: "validatingWebhook",
  PriorityLevelConfiguration: "priorityLevel",
  ResourceSlice: "nodeResourceSlice",
  DeviceTaintRule: "deviceTaint",
};

/** Columns that upstream adds beside its table. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  CSIDriver: ["TokenRequests", "RequiresRepublish", "Modes", "Age"],
};

const lowerFirst = (kind: string) =>
  kind.startsWith("CSI")
    ? `csi${kind.slice(3)}`
    : kind.startsWith("IP")
      ? `ip${kind.slice(2)}`
      : kind.charAt(0).toLowerCase() + kind.slice(1);

test("every kind has the columns of upstream's printer", { skip: upstreamMissing }, () => {
  const columns = new Map<string, string[]>();
  for (const line of readUpstream("printer-columns.tsv").trim().split("\n").slice(1)) {
    const [kind = "", , name = "", type = "", , priority = ""] = line.split("\t");
    columns.set(kind, [...(columns.get(kind) ?? []), `${name} ${type} ${priority}`]);
  }
  for (const definition of BUILT_IN_KINDS) {
    const expected = columns.get(PRINTER_NAMES[definition.kind] ?? lowerFirst(definition.kind));
    if (!expected) continue;
    const own = (definition.columns ?? []).map(({ name, type, priority = 0 }) => `${name} ${type} ${priority}`);
    if (!own.some((column) => column.startsWith("Name "))) own.unshift("Name string 0");
    const more = MORE[definition.kind] ?? [];
    assert.deepEqual(own.slice(0, own.length - more.length), expected, definition.kind);
  }
});
