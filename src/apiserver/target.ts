import type { Subject } from "#objects";
import { apiVersionOf, type ResolvedResource, type ResourceDefinition, type Subresource, type Verb } from "#registry";
import type { KubeObject } from "#objects";

/** How a served version of a resource is called. */
export interface Naming {
  readonly group: string;
  /** `apps/v1` */
  readonly apiVersion: string;
  readonly kind: string;
  readonly listKind: string;
  /** For error texts. */
  readonly subject: Subject;
}

const namings = new WeakMap<ResolvedResource, Naming>();

/** The names of a target, made once. */
export function namingOf(target: ResolvedResource): Naming {
  let naming = namings.get(target);
  if (!naming) {
    const { resource, version } = target;
    const { definition } = resource;
    const group = version.group ?? definition.group;
    naming = {
      group,
      apiVersion: apiVersionOf(definition, version),
      kind: definition.kind,
      listKind: definition.listKind ?? `${definition.kind}List`,
      subject: { group, resource: definition.resource },
    };
    namings.set(target, naming);
  }
  return naming;
}

const ALL_VERBS: readonly Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const UPDATE_VERBS: readonly Verb[] = ["get", "patch", "update"];
const CREATE_VERBS: readonly Verb[] = ["create"];

export type SubresourceType = Subresource<KubeObject> | { readonly type: "status" };

/** A subresource by name; `status` comes with hasStatus. */
export function subresourceOf(definition: ResourceDefinition, name: string): SubresourceType | undefined {
  const { subresources } = definition;
  if (subresources && Object.hasOwn(subresources, name)) return subresources[name];
  return name === "status" && definition.hasStatus ? { type: "status" } : undefined;
}

/** All subresources with their names, as discovery lists them. */
export function subresourcesOf(definition: ResourceDefinition): readonly (readonly [string, SubresourceType])[] {
  const all = new Map<string, SubresourceType>(Object.entries(definition.subresources ?? {}));
  if (definition.hasStatus && !all.has("status")) all.set("status", { type: "status" });
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What may be done with a resource or one of its subresources. */
export function verbsOf(definition: ResourceDefinition, subresource?: SubresourceType): readonly Verb[] {
  if (!subresource) {
    if (definition.compute) return CREATE_VERBS;
    if (definition.computedObjects) return definition.verbs ?? ["get", "list"];
    return definition.verbs ?? ALL_VERBS;
  }
  switch (subresource.type) {
    case "status":
    case "scale":
      return UPDATE_VERBS;
    case "update":
      return subresource.verbs ?? UPDATE_VERBS;
    case "create":
      return CREATE_VERBS;
    case "connect":
      return subresource.verbs;
  }
}

/** Whether the version is one of upstream's own types, not that of a custom resource. */
export const isBuiltIn = ({ resource }: ResolvedResource): boolean => !resource.definition.custom;

/** How upstream's texts name the type: `core.Pod`, `apps.Deployment`. */
export function typeInCode({ resource: { definition } }: ResolvedResource, kind = definition.kind): string {
  return `${definition.group.split(".", 1)[0] || "core"}.${kind}`;
}
