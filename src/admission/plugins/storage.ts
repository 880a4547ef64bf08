import type { Cache } from "#client";
import type { Draft, PersistentVolumeClaim, StorageClass } from "#objects";
import type { AdmissionPlugin } from "../contract.ts";

const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
const BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class";
const BETA_CLASS = "volume.beta.kubernetes.io/storage-class";

/** The newest of the classes that are marked as default; of equally old ones the first by name. */
export function defaultStorageClassOf(classes: Iterable<StorageClass>): StorageClass | undefined {
  let found: StorageClass | undefined;
  for (const each of classes) {
    const { annotations = {}, creationTimestamp = "", name = "" } = each.metadata;
    if (annotations[DEFAULT_CLASS] !== "true" && annotations[BETA_DEFAULT_CLASS] !== "true") continue;
    const known = found?.metadata.creationTimestamp ?? "";
    if (!found || creationTimestamp > known || (creationTimestamp === known && name < (found.metadata.name ?? ""))) {
      found = each;
    }
  }
  return found;
}

/** A claim that names no class gets the default one (plugin/pkg/admission/storage/storageclass/setdefault). */
export function defaultStorageClass(classes: () => Cache<StorageClass>): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    handles: ({ operation, group, resource, subresource }) =>
      operation === "CREATE" && group === "" && resource === "persistentvolumeclaims" && subresource === "",
    async mutate(draft) {
      const claim = draft as unknown as Draft<PersistentVolumeClaim>;
      // "" is a class too: none.
      if (claim.spec?.storageClassName !== undefined || claim.metadata.annotations?.[BETA_CLASS] !== undefined) return;
      const cache = classes();
      if (!cache.synced) await cache.whenSynced();
      const name = defaultStorageClassOf(cache.list())?.metadata.name;
      if (name) (claim.spec ??= {}).storageClassName = name;
    },
  };
}

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: "kubernetes.io/pvc-protection",
  persistentvolumes: "kubernetes.io/pv-protection",
};

/** Volumes and claims in use are not deleted under their users (plugin/pkg/admission/storage/storageobjectinuseprotection). */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  handles: ({ operation, group, resource, subresource }) =>
    operation === "CREATE" && group === "" && subresource === "" && Object.hasOwn(FINALIZERS, resource),
  mutate(draft, _old, { resource }) {
    const finalizer = FINALIZERS[resource]!;
    const { metadata } = draft;
    if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};
