import type { Registry, ResolvedResource } from "#registry";
import { namingOf } from "../target.ts";

/** One version of a group and what it serves, by resource name. */
export interface GroupVersionView {
  readonly version: string;
  readonly resources: readonly ResolvedResource[];
}

/** One group; its first version is the preferred one. */
export interface GroupView {
  readonly name: string;
  readonly versions: readonly GroupVersionView[];
}

/** The order in which upstream lists its groups, by their priority; any other group comes after, by name. */
const ORDER = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "storagemigration.k8s.io",
];

/** Everything that is served, by group and version, in the order in which clients look for a name. */
export function groupsOf(registry: Registry): readonly GroupView[] {
  const groups = new Map<string, Map<string, ResolvedResource[]>>();
  for (const resource of registry.resources()) {
    for (const version of resource.definition.versions) {
      const target = { resource, version };
      const { group } = namingOf(target);
      if (!registry.resolve(group, version.version, resource.definition.resource)) continue;
      let versions = groups.get(group);
      if (!versions) groups.set(group, (versions = new Map()));
      const targets = versions.get(version.version);
      if (targets) targets.push(target);
      else versions.set(version.version, [target]);
    }
  }
  return [...groups]
    .map(([name, versions]) => ({
      name,
      versions: [...versions]
        .map(([version, resources]) => ({ version, resources: resources.sort(byName) }))
        .sort((a, b) => compareVersions(a.version, b.version)),
    }))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

const rank = (group: string) => {
  const at = ORDER.indexOf(group);
  return at < 0 ? ORDER.length : at;
};

const byName = (a: ResolvedResource, b: ResolvedResource) =>
  a.resource.definition.resource < b.resource.definition.resource ? -1 : 1;

/** Stable before beta before alpha, higher before lower, anything else by name (apimachinery util/version). */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [parse(a), parse(b)];
  if (!x || !y) return x ? -1 : y ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return y.stage - x.stage || y.major - x.major || y.minor - x.minor;
}

function parse(
  version: string,
): { readonly stage: number; readonly major: number; readonly minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!match) return undefined;
  const stage = match[2] === "alpha" ? 0 : match[2] === "beta" ? 1 : 2;
  return { stage, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}
