import type { ResolvedResource } from "#registry";
import { namingOf, subresourcesOf, verbsOf, type SubresourceType } from "../target.ts";
import { storageVersionHash } from "./storage-hash.ts";
import type { GroupVersionView, GroupView } from "./groups.ts";

const groupVersionOf = (group: string, version: string) => (group ? `${group}/${version}` : version);

/** `/api` */
export const apiVersions = (serverAddress: string): object => ({
  kind: "APIVersions",
  versions: ["v1"],
  serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
});

/** One group, as `/apis/<group>` has it and `/apis` lists it. */
export function apiGroup(group: GroupView): object {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: groupVersionOf(group.name, version),
    version,
  }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

/** `/apis` */
export const apiGroupList = (groups: readonly GroupView[]): object => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: groups.filter((group) => group.name !== "").map(apiGroup),
});

/** `/api/v1`, `/apis/<group>/<version>` */
export async function apiResourceList(group: string, view: GroupVersionView): Promise<object> {
  const resources = await Promise.all(
    view.resources.map(async (target) => {
      const [own, ...subresources] = apiResourcesOf(target);
      const hash = await storageVersionHash(target);
      return [{ ...own, ...(hash === undefined ? {} : { storageVersionHash: hash }) }, ...subresources];
    }),
  );
  return {
    kind: "APIResourceList",
    ...(group ? { apiVersion: "v1" } : {}),
    groupVersion: groupVersionOf(group, view.version),
    resources: resources.flat(),
  };
}

/** What plain discovery says of a resource, or of a subresource (`deployments/scale`). */
export interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** A resource and its subresources. */
export function apiResourcesOf(target: ResolvedResource): readonly ApiResource[] {
  const { definition } = target.resource;
  const { resource, singular, namespaced, kind, shortNames, categories } = definition;
  const own = {
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs: [...verbsOf(definition)].sort(),
    ...(shortNames?.length ? { shortNames } : {}),
    ...(categories?.length ? { categories } : {}),
  };
  return [
    own,
    ...subresourcesOf(definition).map(([name, subresource]) => ({
      name: `${resource}/${name}`,
      singularName: "",
      namespaced,
      ...bodyOf(target, subresource),
      verbs: [...verbsOf(definition, subresource)].sort(),
    })),
  ];
}

/** The kind of a subresource's body; its group and version only where they are not the resource's. */
export function bodyOf(
  target: ResolvedResource,
  subresource: SubresourceType,
): { readonly group?: string; readonly version?: string; readonly kind: string } {
  switch (subresource.type) {
    case "scale":
      return { group: "autoscaling", version: "v1", kind: "Scale" };
    case "create": {
      const { group, version, kind } = subresource.body;
      const own = group === namingOf(target).group && version === target.version.version;
      return own ? { kind } : { group, version, kind };
    }
    case "connect":
      return { kind: subresource.kind };
    case "status":
    case "update":
      return { kind: target.resource.definition.kind };
  }
}
