import { messageOf } from "#base";
import type { RunCommand } from "#programs";
import { exitCodeOf } from "./errors.ts";
import type { Mounter } from "./mounter.ts";

export interface DeviceMount {
  readonly device: string;
  /** A directory that is there. */
  readonly target: string;
  /** `ext4` */
  readonly fsType: string;
  readonly readOnly: boolean;
  readonly options: readonly string[];
}

/**
 * Mounts a device, with a new file system if there is nothing on it, and checked if there is one (upstream
 * SafeFormatAndMount). What is on a device is never replaced. Rejects with an Error.
 */
export async function formatAndMount(run: RunCommand, mounter: Mounter, mount: DeviceMount): Promise<void> {
  const { device, target, fsType, readOnly, options } = mount;
  const found = await contentOf(run, device);
  if (found === "") {
    if (readOnly)
      throw new Error(`cannot mount unformatted disk ${device} as we are manipulating it in read-only mode`);
    await format(run, device, fsType);
  } else if (!readOnly) await check(run, device);
  try {
    await mounter.mount(device, target, fsType, [...options, "defaults", ...(readOnly ? ["ro"] : [])]);
  } catch (error) {
    if (found === "" || found === fsType) throw error;
    throw new Error(
      `failed to mount the volume as "${fsType}", it already contains ${found}. Mount error: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** The file system on a device; empty: nothing is on it. */
async function contentOf(run: RunCommand, device: string): Promise<string> {
  let printed: string;
  try {
    printed = await run("blkid", ["-p", "-s", "TYPE", "-s", "PTTYPE", "-o", "export", device]);
  } catch (error) {
    // It ends with 2 when it recognizes nothing.
    if (exitCodeOf(error) === 2) return "";
    throw new Error(`blkid failed: ${messageOf(error)}`, { cause: error });
  }
  const fields = new Map(printed.split("\n").map((line) => line.split("=", 2) as [string, string]));
  if (fields.has("PTTYPE")) return "unknown data, probably partitions";
  return fields.get("TYPE") ?? "";
}

async function format(run: RunCommand, device: string, fsType: string): Promise<void> {
  const args = fsType === "xfs" ? ["-f"] : fsType.startsWith("ext") ? ["-F", "-m0"] : [];
  try {
    await run(`mkfs.${fsType}`, [...args, device]);
  } catch (error) {
    throw new Error(`format of disk "${device}" failed: type:("${fsType}") errcode:(${messageOf(error)})`, {
      cause: error,
    });
  }
}

/** `fsck` ends with 4 when it found errors that it left. */
async function check(run: RunCommand, device: string): Promise<void> {
  try {
    await run("fsck", ["-a", device]);
  } catch (error) {
    if (exitCodeOf(error) !== 4) return;
    throw new Error(`'fsck' found errors on device ${device} but could not correct them: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
