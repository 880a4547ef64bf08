import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, ifThere, textOf } from "../linux/errors.ts";
import { mountAt } from "../linux/mount-info.ts";
import { NotYetError, type LeftVolume, type VolumeHost } from "../plugin.ts";
import type { CsiDrivers } from "./drivers.ts";
import { CSI_DIRECTORY, placesOf, type CsiPlaces } from "./places.ts";
import { nextUnmountStep, type UnmountView } from "./plan.ts";
import { readRecord, removeRecord, writeRecord, type VolumeRecord } from "./records.ts";

/** Ours, beside upstream's names: the driver has refused, so there is nothing to undo. */
export const PUBLISHED = "knarr.dev/published";
/** What upstream's own words begin with. */
export const PREFIX = "kubernetes.io/csi: ";

/** Undoes what a pod has of a volume, and what the node has of it when no other pod uses it. Rejects with an Error. */
export async function unmountCsi(
  host: VolumeHost,
  drivers: CsiDrivers,
  { podUid, path }: LeftVolume,
  record: VolumeRecord,
): Promise<void> {
  const { driverName = "", volumeHandle = "", specVolID: name = "", mode } = record;
  const volume = {
    driver: driverName,
    handle: volumeHandle,
    name,
    mode: mode === "Block" ? mode : "Filesystem",
  } as const;
  const places = placesOf(host.layout, volume, podUid, path);
  const driver = () => {
    try {
      return drivers.get(driverName);
    } catch (error) {
      throw new NotYetError(`${PREFIX}Unmounter.TearDownAt failed to get CSI client: ${textOf(error)}`, error);
    }
  };
  let view: UnmountView = {
    published: record[PUBLISHED] !== "false",
    recorded: true,
    staged: (await readRecord(places.stagingRecord)) !== undefined,
    usedByOthers: await isUsedByOthers(host, podUid, record),
  };
  for (;;) {
    switch (nextUnmountStep(view)) {
      case "unpublish":
        await driver().call("Node.NodeUnpublishVolume", { volumeId: volumeHandle, targetPath: places.target });
        await removeUnmounted(host, places.target);
        await writeRecord(path, { ...record, [PUBLISHED]: "false" });
        view = { ...view, published: false };
        break;
      case "unstage":
        await driver().call("Node.NodeUnstageVolume", { volumeId: volumeHandle, stagingTargetPath: places.staging });
        await forgetStaging(host, places);
        view = { ...view, staged: false };
        break;
      case "forget":
        await removeRecord(path);
        view = { ...view, recorded: false };
        break;
      case "done":
        return;
    }
  }
}

/** Whether another pod on the node has it, or is on its way to: its record is on disk. */
async function isUsedByOthers({ layout }: VolumeHost, uid: string, record: VolumeRecord): Promise<boolean> {
  for (const other of (await ifThere(readdir(layout.pods))) ?? []) {
    if (other === uid) continue;
    const folder = join(layout.volumesDir(other), CSI_DIRECTORY);
    for (const name of (await ifThere(readdir(folder))) ?? []) {
      const found = await readRecord(join(folder, name));
      if (found?.["driverName"] === record["driverName"] && found?.["volumeHandle"] === record["volumeHandle"])
        return true;
    }
  }
  return false;
}

export async function forgetStaging(host: VolumeHost, { staging, stagingRecord }: CsiPlaces): Promise<void> {
  await removeUnmounted(host, staging);
  await removeRecord(stagingRecord);
  await removeEmpty(stagingRecord);
}

/** Drivers are to remove the path themselves; where one leaves it, empty and not mounted, it goes here. */
export async function removeUnmounted({ mounter }: VolumeHost, path: string): Promise<void> {
  if (!mountAt(await mounter.list(), path)) await removeEmpty(path);
}

async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "ENOTDIR")) throw error;
  }
}
