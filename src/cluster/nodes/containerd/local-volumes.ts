import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LocalVolumes } from "#composition";

/** What the provisioner names its volumes: nothing that could lead out of the folder. */
const VOLUME_NAME = /^pvc-[0-9a-f]+(-[0-9a-f]+)*$/;

/** Volumes as directories of this machine, in one folder. Every user of a container may write to them. */
export function localVolumesIn(folder: string): LocalVolumes {
  const pathOf = (volume: string): string => {
    if (!VOLUME_NAME.test(volume)) throw new Error(`${volume} is not the name of a volume of this provisioner`);
    return join(folder, volume);
  };
  return {
    async create(_node, volume) {
      const path = pathOf(volume);
      await mkdir(folder, { recursive: true, mode: 0o711 });
      await mkdir(path, { recursive: true });
      // The mode of mkdir is less what the process masks.
      await chmod(path, 0o777);
      return path;
    },
    async remove(_node, volume) {
      await rm(pathOf(volume), { recursive: true, force: true });
    },
  };
}
