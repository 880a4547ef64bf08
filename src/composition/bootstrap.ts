import type { Client } from "#client";
import { hasReason, type KubeObject, type New, type ResourceType } from "#objects";
import { bootstrapObjects, type BootstrapObject, type BootstrapOptions, type Registry } from "#registry";

/** Names a resource of the registry in its storage version or, where that is not served, in the first that is. */
export function typeOf({ definition }: ReturnType<Registry["resources"]>[number], registry: Registry): ResourceType {
  const { group, storageVersion, versions, resource, kind, namespaced } = definition;
  const own = versions.filter((version) => (version.group ?? group) === group).map(({ version }) => version);
  const version = [storageVersion, ...own].find((each) => registry.resolve(group, each, resource)) ?? storageVersion;
  return { group, version, resource, kind, namespaced };
}

/** Creates what every cluster has and this one lacks. Objects that are there stay as they are. */
export async function bootstrap(client: Client, registry: Registry, options: BootstrapOptions): Promise<void> {
  const create = async ({ group, resource, object }: BootstrapObject) => {
    const found = registry.resource(group, resource);
    if (!found) throw new Error(`nothing serves ${resource}.${group}`);
    const type = typeOf(found, registry);
    const { namespace = "", name = "" } = object.metadata;
    try {
      await client.get(type, { namespace, name });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      await client.create(type, object as unknown as New<KubeObject>);
    }
  };
  // Namespaces first: everything else may live in one.
  const isNamespace = ({ resource }: BootstrapObject) => resource === "namespaces";
  const objects = bootstrapObjects(options);
  await Promise.all(objects.filter(isNamespace).map(create));
  await Promise.all(objects.filter((object) => !isNamespace(object)).map(create));
}
