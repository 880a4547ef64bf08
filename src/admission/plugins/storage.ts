import type { Cache } from "#client";
import {
  defaultStorageClassOf,
  groupResource,
  storageClassNameOf,
  type Draft,
  type PersistentVolumeClaim,
  type StorageClass,
} from "#objects";
import type { AdmissionPlugin } from "../contract.ts";

/** A claim that names no class gets the default one (plugin/pkg/admission/storage/storageclass/setdefault). */
export function defaultStorageClass(classes: () => Cache<StorageClass>): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    handles: ({ operation, group, resource, subresource }) =>
      operation === "CREATE" && group === "" && resource === "persistentvolumeclaims" && subresource === "",
    async mutate(draft) {
      const claim = draft as unknown as Draft<PersistentVolumeClaim>;
      // "" is a class too: none.
      if (storageClassNameOf(claim) !== undefined) return;
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
  "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
};

/** Volumes, claims and attributes classes in use are not deleted under their users (plugin/pkg/admission/storage/storageobjectinuseprotection). */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  handles: ({ operation, group, resource, subresource }) =>
    operation === "CREATE" && subresource === "" && Object.hasOwn(FINALIZERS, groupResource({ group, resource })),
  mutate(draft, _old, { group, resource }) {
    const finalizer = FINALIZERS[groupResource({ group, resource })]!;
    const { metadata } = draft;
    if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};
