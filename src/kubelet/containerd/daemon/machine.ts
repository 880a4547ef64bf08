import { execFile } from "node:child_process";
import { access, constants, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { arch } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Architecture } from "../pause/program.ts";

const run = promisify(execFile);

/** Debian's and most others' place for network plugins. */
const CNI_FOLDERS = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];
/** Folders that a service's PATH may lack. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

const exists = (path: string, mode = constants.F_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

/** Where a program is; undefined when it is not there. */
export async function findProgram(name: string, path = process.env["PATH"] ?? ""): Promise<string | undefined> {
  for (const folder of [...path.split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS]) {
    const file = join(folder, name);
    if (await exists(file, constants.X_OK)) return file;
  }
  return undefined;
}

/** The folder with the network plugins; undefined when there is none that has what pods need. */
export async function findNetworkPlugins(): Promise<string | undefined> {
  for (const folder of CNI_FOLDERS) {
    const needed = ["bridge", "host-local", "loopback"].map((name) => exists(join(folder, name), constants.X_OK));
    if ((await Promise.all(needed)).every(Boolean)) return folder;
  }
  return undefined;
}

/** Overlays do not work on every file system (an overlay itself, some network file systems): tries one. */
export async function chooseSnapshotter(folder: string): Promise<"overlayfs" | "native"> {
  await mkdir(folder, { recursive: true });
  const trial = await mkdtemp(join(folder, "overlay-trial-"));
  const [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map((name) => join(trial, name));
  try {
    for (const path of [lower!, upper!, work!, merged!]) await mkdir(path);
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    await run("mount", ["-t", "overlay", "overlay", "-o", options, merged!]);
    await run("umount", [merged!]);
    return "overlayfs";
  } catch {
    return "native";
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

const CAP_SYS_RESOURCE = 1n << 24n;

/** Whether processes of ours may be spared when memory runs out; containers in containers often lack that right. */
export async function mayLowerOomScore(): Promise<boolean> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const held = /^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return (BigInt(`0x${held}`) & CAP_SYS_RESOURCE) !== 0n;
}

/** What the machine's programs are made for. Throws an Error for a processor that is not provided for. */
export function architecture(): Architecture {
  const found = arch();
  if (found === "x64") return "amd64";
  if (found === "arm64") return "arm64";
  throw new Error(`containers are run on amd64 and arm64, not on ${found}`);
}
