import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import { runCommand } from "#programs";
import type { Architecture } from "../pause/program.ts";

/** Overlays do not work on every file system (an overlay itself, some network file systems): tries one. */
export async function chooseSnapshotter(folder: string): Promise<"overlayfs" | "native"> {
  await mkdir(folder, { recursive: true });
  const trial = await mkdtemp(join(folder, "overlay-trial-"));
  const [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map((name) => join(trial, name));
  try {
    for (const path of [lower!, upper!, work!, merged!]) await mkdir(path);
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    await runCommand("mount", ["-t", "overlay", "overlay", "-o", options, merged!]);
    await runCommand("umount", [merged!]);
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
