import type { Client } from "#client";
import { LOCAL_PROVISIONER } from "#controllers";
import { defaultStorageClassOf, hasReason, STORAGE_CLASSES, type KubeObject, type New } from "#objects";
import { bootstrapObjects, type BootstrapObject, type BootstrapOptions } from "#registry";

/** Creates what every cluster has and this one lacks. Objects that are there stay as they are. */
export async function bootstrap(client: Client, options: BootstrapOptions): Promise<void> {
  const create = async ({ group, resource, object }: BootstrapObject) => {
    const type = await client.discovery.find({ group, resource });
    if (!type) throw new Error(`nothing serves ${resource}.${group}`);
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
  await createDefaultClass(client);
}

const LOCAL_CLASS = "knarr-local";

/** The class of claims that name none, unless there is another default: two would be one too many. */
async function createDefaultClass(client: Client): Promise<void> {
  const { items } = await client.list(STORAGE_CLASSES);
  if (defaultStorageClassOf(items) || items.some(({ metadata }) => metadata.name === LOCAL_CLASS)) return;
  await client.create(STORAGE_CLASSES, {
    metadata: { name: LOCAL_CLASS, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: LOCAL_PROVISIONER,
    reclaimPolicy: "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion: true,
  });
}
