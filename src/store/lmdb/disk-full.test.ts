import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openLmdbStore } from "./store.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

/** From util-linux. */
const PRLIMIT = "prlimit";
const MOUNT = "mount";
const UMOUNT = "umount";
const WRITER = fileURLToPath(import.meta.resolve("./testing/disk-full-writer.ts"));

interface Report {
  readonly unavailable: boolean;
  readonly message: string;
  readonly acknowledged: number;
  readonly revision: number;
  readonly count: number;
  readonly readable: number;
  readonly after: number;
}

interface FullDisk {
  /** Starts the writer where room is short. */
  readonly command: readonly string[];
  readonly dir: string;
  makeRoom(pid: number): void;
}

/** Fills the disk, makes room, and checks all that was seen and all that is left. */
async function fillAndRecover({ command, dir, makeRoom }: FullDisk, expected: RegExp): Promise<void> {
  const [program = "", ...args] = [...command, process.execPath, WRITER, dir];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const reports: Report[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    reports.push(JSON.parse(line) as Report);
    if (reports.length !== 2) continue;
    makeRoom(child.pid!);
    child.stdin.write("go\n");
  }
  assert.equal(await exited, 0, "the writer survived");
  const [full, still, after] = reports;
  assert(full && still && after);
  assert(full.unavailable, full.message);
  assert.match(full.message, expected);
  assert(full.acknowledged > 100);
  assert.equal(full.count, full.acknowledged, "what was acknowledged is there, what was refused is not");
  assert.equal(full.revision, 1 + full.acknowledged);
  assert.equal(full.readable, 10);
  assert(still.unavailable);
  assert.equal(still.revision, full.revision + still.acknowledged);
  assert.equal(after.after, still.revision + 1, "no revision is left out or used twice");
  const store = await openLmdbStore({ dir });
  assert.equal(store.revision, after.after);
  await store.close();
}

test("beyond the size a file may have, writes are refused and reads go on", async (t) => {
  if (spawnSync(PRLIMIT, ["--version"]).error) {
    t.skip("needs prlimit (Linux)");
    return;
  }
  const dir = await temporaryDirectory(t);
  await fillAndRecover(
    {
      dir,
      command: [PRLIMIT, `--fsize=${6 * 2 ** 20}:unlimited`],
      makeRoom: (pid) => void spawnSync(PRLIMIT, ["--pid", String(pid), "--fsize=unlimited"]),
    },
    /EFBIG/,
  );
});

/** A file system of its own, of a few megabytes; undefined where we may not mount one. */
async function smallDisk(t: TestContext): Promise<string | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const dir = await mkdtemp(join(tmpdir(), "knarr-disk-"));
  const mounted = spawnSync(MOUNT, ["-t", "tmpfs", "-o", "size=6m", "tmpfs", dir]).status === 0;
  t.after(async () => {
    if (mounted) spawnSync(UMOUNT, [dir]);
    await rmdir(dir);
  });
  return mounted ? dir : undefined;
}

test("on a full disk writes are refused and reads go on, until there is room again", async (t) => {
  const disk = await smallDisk(t);
  if (!disk) {
    t.skip("needs to mount a small file system (root on Linux)");
    return;
  }
  const filler = join(disk, "filler");
  writeFileSync(filler, Buffer.alloc(2 * 2 ** 20));
  const dir = join(disk, "data");
  mkdirSync(dir);
  await fillAndRecover({ dir, command: ["env"], makeRoom: () => rmSync(filler) }, /ENOSPC/);
});

test("a store is not made on a full disk, and the process survives", async (t) => {
  const disk = await smallDisk(t);
  if (!disk) {
    t.skip("needs to mount a small file system (root on Linux)");
    return;
  }
  try {
    writeFileSync(join(disk, "filler"), Buffer.alloc(7 * 2 ** 20));
  } catch {
    // Full now.
  }
  await assert.rejects(openLmdbStore({ dir: join(disk, "data") }), { name: "DataDirUnusable", message: /ENOSPC/ });
  rmSync(join(disk, "filler"));
  const store = await openLmdbStore({ dir: join(disk, "data") });
  assert.equal(store.revision, 1);
  await store.close();
});
