import assert from "node:assert/strict";
import { lstat, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { mountsUnder } from "../linux/mount-info.ts";
import { runCommand } from "#programs";
import { createMounter } from "../linux/mounter.ts";

/** A directory for one test; gone after it, with whatever is still mounted in it. */
export async function createTestDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "knarr-volumes-"));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await createMounter(runCommand).unmountUnder(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** What of a test needs mount(8): true, or why it is left out. */
export const NEEDS_ROOT =
  process.platform === "linux" && process.getuid?.() === 0 ? false : "needs root on Linux, to mount file systems";

/** What a container would see: the text of every file by its path, links followed. */
export async function visibleFiles(dir: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const walk = async (path: string, prefix: string) => {
    for (const name of await readdir(path)) {
      if (prefix === "" && name.startsWith("..")) continue;
      const text = await readFile(join(path, name), "utf8").catch(() => undefined);
      if (text === undefined) await walk(join(path, name), `${prefix}${name}/`);
      else files[prefix + name] = text;
    }
  };
  await walk(dir, "");
  return files;
}

/** Permissions and owner: `644 0:0`. */
export async function modeOf(path: string): Promise<string> {
  const { mode, uid, gid } = await lstat(path);
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
}

/** What is mounted below a path: `["tmpfs"]`. */
export async function mountTypesIn(path: string): Promise<readonly string[]> {
  return mountsUnder(await createMounter(runCommand).list(), path).map((mount) => mount.type);
}

/** Real files change in their own time; some of them while they are looked at. */
export async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (await done().catch(() => false)) return;
    await turn();
  }
  assert.fail("it did not come to be");
}
