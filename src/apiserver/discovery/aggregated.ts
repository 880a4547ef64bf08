import type { ResolvedResource } from "#registry";
import type { Allows } from "../http/accept.ts";
import { subresourcesOf, verbsOf } from "../target.ts";
import type { GroupView } from "./groups.ts";
import { bodyOf } from "./plain.ts";

/** How clients ask for everything at once. Not the plain form: a client that takes both is given everything. */
export const aggregatedOnly: Allows = (as) =>
  as?.kind === "APIGroupDiscoveryList" && as.group === "apidiscovery.k8s.io" && as.version === "v2";

/** All groups with all their resources (apidiscovery.k8s.io/v2 APIGroupDiscoveryList). */
export const aggregatedDiscovery = (groups: readonly GroupView[]): object => ({
  kind: "APIGroupDiscoveryList",
  apiVersion: "apidiscovery.k8s.io/v2",
  metadata: {},
  items: groups.map((group) => ({
    metadata: group.name ? { name: group.name } : {},
    versions: group.versions.map(({ version, resources }) => ({
      version,
      resources: resources.map(resourceDiscovery),
      freshness: "Current",
    })),
  })),
});

function resourceDiscovery(target: ResolvedResource): object {
  const { definition } = target.resource;
  const { resource, singular, namespaced, kind, shortNames, categories } = definition;
  const subresources = subresourcesOf(definition).map(([name, subresource]) => {
    const { group = "", version = "", kind: body } = bodyOf(target, subresource);
    return {
      subresource: name,
      responseKind: { group, version, kind: body },
      verbs: [...verbsOf(definition, subresource)].sort(),
    };
  });
  return {
    resource,
    responseKind: { group: "", version: "", kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: [...verbsOf(definition)].sort(),
    ...(shortNames?.length ? { shortNames } : {}),
    ...(categories?.length ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
