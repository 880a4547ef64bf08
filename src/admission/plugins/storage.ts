import type { Cache, Client } from "#client";
import {
  compareQuantities,
  defaultStorageClassOf,
  groupResource,
  hasReason,
  parseQuantity,
  STORAGE_CLASSES,
  storageClassNameOf,
  type Draft,
  type PersistentVolumeClaim,
  type StorageClass,
} from "#objects";
import { forbid, type AdmissionPlugin } from "../contract.ts";

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

/** A claim grows only where its class lets it (plugin/pkg/admission/storage/persistentvolume/resize). */
export function persistentVolumeClaimResize(client: Client): AdmissionPlugin {
  const mayGrow = async (claim: PersistentVolumeClaim, old: PersistentVolumeClaim): Promise<boolean> => {
    const name = storageClassNameOf(claim);
    if (!name || name !== storageClassNameOf(old)) return false;
    try {
      const { allowVolumeExpansion = false } = await client.get(STORAGE_CLASSES, { namespace: "", name });
      return allowVolumeExpansion;
    } catch (error) {
      if (hasReason(error, "NotFound")) return false;
      throw error;
    }
  };
  const sizeOf = ({ spec }: PersistentVolumeClaim) => parseQuantity(spec?.resources?.requests?.["storage"] ?? "0");
  return {
    name: "PersistentVolumeClaimResize",
    handles: ({ operation, group, resource, subresource }) =>
      operation === "UPDATE" && group === "" && resource === "persistentvolumeclaims" && subresource === "",
    async validate(object, before, attributes) {
      const claim = object as PersistentVolumeClaim;
      const old = before as PersistentVolumeClaim;
      if (compareQuantities(sizeOf(claim), sizeOf(old)) <= 0) return;
      if (old.status?.phase !== "Bound") {
        throw forbid(attributes, claim, "Only bound persistent volume claims can be expanded");
      }
      if (await mayGrow(claim, old)) return;
      const detail =
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
      throw forbid(attributes, claim, detail);
    },
  };
}
