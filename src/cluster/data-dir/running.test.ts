import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { test, type TestContext } from "node:test";
import { announceRunning, findRunning, forgetRunning } from "./running.ts";

const ABOUT = { server: "https://127.0.0.1:6443", version: "v0", startedAt: 0 };

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "knarr-running-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

test("a cluster that runs is found, until it is forgotten", async (t) => {
  const dir = await folder(t);
  assert.equal(await findRunning(dir), undefined);
  await announceRunning(dir, ABOUT);
  const found = await findRunning(dir);
  assert.deepEqual([found?.alive, found?.cluster.pid, found?.cluster.server], [true, process.pid, ABOUT.server]);
  await forgetRunning(dir);
  assert.equal(await findRunning(dir), undefined);
});

test("another process of the same number is not the cluster", async (t) => {
  const dir = await folder(t);
  const cluster = { ...ABOUT, pid: process.pid, processStart: "1" };
  await writeFile(join(dir, "running.json"), JSON.stringify(cluster));
  assert.equal((await findRunning(dir))?.alive, !existsSync("/proc/self/stat"));
});

test(
  "a process that has ended runs no more, though its parent never asks how it ended",
  { skip: existsSync("/proc/self/stat") ? false : "it needs /proc" },
  async (t) => {
    const dir = await folder(t);
    // What becomes of the shell knows nothing of the process that the shell had begun, and which ends after that.
    const parent = spawn("sh", ["-c", "cat <&3 & echo $!; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "inherit", "pipe"],
    });
    t.after(() => parent.kill("SIGKILL"));
    const [line] = (await once(parent.stdio[1]!, "data")) as [Buffer];
    const pid = Number(line.toString());
    const stat = (of: number) => readFile(`/proc/${of}/stat`, "utf8");
    while (!(await stat(parent.pid!)).includes("(sleep)"));
    (parent.stdio[3] as Writable).end();
    while (!/\) Z/.test(await stat(pid)));
    await writeFile(join(dir, "running.json"), JSON.stringify({ ...ABOUT, pid, processStart: "" }));
    assert.equal((await findRunning(dir))?.alive, false);
  },
);
