import { podsConflict } from "../model/disks.ts";
import type { StorageView } from "../volumes/storage.ts";
import { refusal, type FilterPlugin } from "./plugin.ts";

const PLUGIN = "VolumeRestrictions";
const NO_DISK = refusal(PLUGIN, true, "node(s) had no available disk");
const IN_USE = refusal(
  PLUGIN,
  true,
  "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
);

/** Disks that one node cannot give to several pods, and claims that only one pod may use at a time. */
export function volumeRestrictions(storage: StorageView): FilterPlugin {
  return {
    name: PLUGIN,
    prepare({ namespace, claims, disks }, view) {
      const inUse = claims.some(({ name, ephemeral }) => {
        const key = `${namespace}/${name}`;
        return !ephemeral && view.podsWithClaim(key) > 0 && isForOnePod(key, storage);
      });
      if (disks.length === 0) return inUse ? { filter: () => IN_USE } : undefined;
      return {
        filter(node) {
          for (const { pod } of node.pods.values()) if (podsConflict(disks, pod)) return NO_DISK;
          return inUse ? IN_USE : undefined;
        },
      };
    },
  };
}

const isForOnePod = (key: string, storage: StorageView) =>
  storage.claim(key)?.spec?.accessModes?.includes("ReadWriteOncePod") ?? false;
