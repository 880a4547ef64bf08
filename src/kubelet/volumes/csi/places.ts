import { join } from "node:path";
import type { Layout } from "../layout.ts";
import { handleHash, type CsiVolume } from "./volume.ts";

/** The folder of the volumes of drivers in that of a pod. */
export const CSI_DIRECTORY = "kubernetes.io~csi";

/** Where a volume of a driver is on the node, as upstream has it. */
export interface CsiPlaces {
  /** Where the driver makes it ready for the node, and the folder of what is remembered of that. */
  readonly staging: string;
  readonly stagingRecord: string;
  /** Where the driver makes it ready for one pod. */
  readonly target: string;
}

type Placed = Pick<CsiVolume, "driver" | "handle" | "name" | "mode">;

/** `record`: the folder of what is remembered of the volume in the pod. */
export function placesOf(
  layout: Layout,
  { driver, handle, name, mode }: Placed,
  uid: string,
  record: string,
): CsiPlaces {
  const csi = layout.pluginDir("kubernetes.io", "csi");
  if (mode === "Block") {
    const devices = join(csi, "volumeDevices");
    return {
      staging: join(devices, "staging", name),
      stagingRecord: join(devices, name, "data"),
      target: join(devices, "publish", name, uid),
    };
  }
  const folder = join(csi, driver, handleHash(handle));
  return { staging: join(folder, "globalmount"), stagingRecord: folder, target: join(record, "mount") };
}
