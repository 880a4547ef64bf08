import { existsSync } from "node:fs";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { findCommand, must } from "./commands.ts";
import { withLock } from "./lock.ts";
import { cacheFolder } from "./paths.ts";

export type Readiness = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What a node needs, by a file that tells that it is there, and the Debian package that brings it. */
const NEEDED: readonly (readonly [command: string, packageName: string])[] = [
  ["containerd", "containerd"],
  ["ctr", "containerd"],
  ["runc", "runc"],
  ["nft", "nftables"],
  ["ip", "iproute2"],
  ["nsenter", "util-linux"],
  ["flock", "util-linux"],
  ["mount", "mount"],
];
const CNI = "/usr/lib/cni/bridge";
const CNI_ELSEWHERE = "/opt/cni/bin/bridge";

const APT = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
const APT_PATIENCE_MS = 240_000;

/** The packages of which something is missing on this machine. */
export function missingPackages(): string[] {
  const missing = NEEDED.filter(([command]) => !findCommand(command)).map(([, name]) => name);
  if (!existsSync(CNI) && !existsSync(CNI_ELSEWHERE)) missing.push("containernetworking-plugins");
  return [...new Set(missing)];
}

/** Installs what a node needs where that is allowed; otherwise tells what is missing and why it stays so. */
export async function ensurePackages(): Promise<Readiness> {
  const missing = missingPackages();
  if (missing.length === 0) return { ok: true };
  const lacking = `not installed: ${missing.join(", ")}`;
  if (!findCommand("apt-get")) return { ok: false, reason: `${lacking} (and this is not Debian)` };
  if (process.getuid?.() !== 0) return { ok: false, reason: `${lacking} (and this is not root)` };
  try {
    await withLock("apt", async () => {
      const still = missingPackages();
      if (still.length > 0) await apt("install", "-y", "--no-install-recommends", ...still);
    });
  } catch (error) {
    return { ok: false, reason: `${lacking}, and apt-get failed: ${(error as Error).message}` };
  }
  const left = missingPackages();
  return left.length === 0 ? { ok: true } : { ok: false, reason: `apt-get did not bring: ${left.join(", ")}` };
}

/** The folder with the files of one Debian package: {@link unpackedPackages}. */
export async function unpackedPackage(name: string): Promise<string> {
  return (await unpackedPackages([name])).get(name)!;
}

/**
 * By package, the folder with its files, unpacked and not installed: nothing of it is started or configured.
 * Done once for each package, and kept.
 */
export async function unpackedPackages(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const folders = new Map(names.map((name) => [name, join(cacheFolder("packages"), name)]));
  const lacking = () => names.filter((name) => !existsSync(folders.get(name)!));
  if (lacking().length > 0) await withLock("apt", () => unpack(lacking()));
  return folders;
}

async function unpack(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const work = await mkdtemp(join(cacheFolder("work"), "packages-"));
  try {
    await apt("download", ...names, { cwd: work });
    for (const archive of await readdir(work)) {
      const files = join(work, `${archive}.files`);
      await must("dpkg-deb", ["--extract", join(work, archive), files]);
      // `libssl3_3.0.15-1_amd64.deb`
      await rename(files, join(cacheFolder("packages"), archive.split("_")[0]!));
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Names of the packages that these need themselves; the first of each alternative. */
export async function dependenciesOf(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const text = await must("apt-cache", ["show", "--no-all-versions", ...names], { env: APT });
  const lists = [...text.matchAll(/^(?:Pre-)?Depends: (.*)$/gm)].flatMap(([, list]) => list!.split(","));
  return [...new Set(lists.map((entry) => entry.trim().split(/[ :]/)[0]!))];
}

/** Runs apt-get; when it fails, once more with fresh lists of what there is. */
async function apt(...parts: readonly (string | { readonly cwd: string })[]): Promise<void> {
  const args = ["-q", "-o", "APT::Sandbox::User=root", ...parts.filter((part) => typeof part === "string")];
  const place = parts.find((part) => typeof part === "object");
  const options = { env: APT, timeoutMs: APT_PATIENCE_MS, ...place };
  try {
    await must("apt-get", args, options);
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await must("apt-get", ["-q", "update"], options);
    await must("apt-get", args, options);
  }
}
