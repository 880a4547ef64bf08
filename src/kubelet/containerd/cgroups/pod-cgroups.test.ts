import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog, systemClock } from "#base";
import type { Pod } from "#objects";
import { cgroupTrees, parseCgroupMounts, type CgroupMounts } from "./mounts.ts";
import { openPodCgroups, type PodCgroups } from "./pod-cgroups.ts";
import { handDown, processesIn } from "./tree.ts";

const pod = (uid: string, limits: Readonly<Record<string, string>>, requests = limits): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "default", uid },
  spec: { containers: [{ name: "a", resources: { requests, limits } }] },
});

/** Folders that stand in for trees of cgroups. They have no files but those that are put there. */
async function inFolders<T>(use: (root: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "knarr-cgroups-"));
  try {
    return await use(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function collected() {
  const lines: string[] = [];
  return {
    lines,
    log: createLog((level, message, fields) => lines.push(`${level} ${message} ${JSON.stringify(fields)}`)),
  };
}

test("folders are made for bounding controllers, and removed from every tree", () =>
  inFolders(async (root) => {
    const controllers = new Map(["cpu", "memory", "devices"].map((name) => [name, join(root, name)]));
    const mounts: CgroupMounts = { version: 1, controllers };
    const { lines, log } = collected();
    const cgroups = await openPodCgroups({ clock: systemClock, log, parent: "/k/n", mounts });
    assert.equal(cgroups.unavailable, undefined);
    const name = await cgroups.createPodCgroup(pod("u1", { cpu: "1" }));
    assert.equal(name, "/k/n/kubepods/burstable/podu1");
    assert.deepEqual(
      ["cpu", "memory", "devices"].map((tree) => existsSync(join(root, tree, name))),
      [true, true, false],
    );
    // As a runtime leaves them behind.
    await mkdir(join(root, "devices", name, "container"), { recursive: true });
    await mkdir(join(root, "memory", name, "container"));
    assert.deepEqual(await cgroups.uids(), ["u1"]);
    await cgroups.removePodCgroup("u1");
    assert.deepEqual(await cgroups.uids(), []);
    await cgroups.removePodCgroup("never");
    await cgroups.destroy();
    assert.deepEqual(await Promise.all(["cpu", "memory"].map((tree) => readdir(join(root, tree)))), [[], []]);
    assert.deepEqual(lines, []);
  }));

test("controllers are handed down one by one", () =>
  inFolders(async (root) => {
    for (const at of [root, join(root, "a"), join(root, "a", "b")]) {
      await mkdir(at, { recursive: true });
      await writeFile(join(at, "cgroup.controllers"), "cpu memory io\n");
      await writeFile(join(at, "cgroup.subtree_control"), at === root ? "cpu memory" : "");
    }
    await handDown(root, join(root, "a", "b"), ["cpu", "memory", "pids"], ["cpu"]);
    const enabled = await Promise.all(
      ["", "a", "a/b"].map((at) => readFile(join(root, at, "cgroup.subtree_control"), "utf8")),
    );
    // A plain file keeps only what was written last, over what was there.
    assert.deepEqual(enabled, ["cpu memory", "+memory", "+memory"]);
  }));

test("without cgroups it says so once, and pods go on", () =>
  inFolders(async (root) => {
    await writeFile(join(root, "file"), "");
    const { lines, log } = collected();
    const mounts: CgroupMounts = { version: 2, mount: join(root, "file") };
    const cgroups = await openPodCgroups({ clock: systemClock, log, mounts });
    assert.match(cgroups.unavailable ?? "", /^ENOTDIR/);
    assert.equal(await cgroups.createPodCgroup(pod("u1", {})), "");
    await cgroups.killAll("u1");
    await cgroups.removePodCgroup("u1");
    await cgroups.destroy();
    assert.deepEqual(await cgroups.uids(), []);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /^warn pods have no cgroups of their own/);
  }));

const machine = parseCgroupMounts(await readFile("/proc/self/mountinfo", "utf8").catch(() => ""));
const skip =
  process.getuid?.() === 0 && machine ? false : "it makes real cgroups, which takes root and a machine that has them";

/** Real cgroups under a name of this test's own. */
async function inCgroups(
  mounts: CgroupMounts,
  use: (cgroups: PodCgroups, root: (name: string) => string) => Promise<void>,
) {
  const { lines, log } = collected();
  const parent = `/knarr-test-${process.pid}`;
  const cgroups = await openPodCgroups({ clock: systemClock, log, parent, mounts });
  const root = (controller: string) =>
    mounts.version === 2 ? mounts.mount : (mounts.controllers.get(controller) ?? "/nowhere");
  try {
    assert.equal(cgroups.unavailable, undefined);
    await use(cgroups, root);
    assert.deepEqual(lines, []);
  } finally {
    await cgroups.destroy();
  }
  for (const tree of cgroupTrees(mounts)) assert.ok(!existsSync(join(tree, parent)), tree);
}

/** A process that does nothing, in the cgroup. */
async function sleeper(path: string) {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  await once(child, "spawn");
  try {
    await writeFile(join(path, "cgroup.procs"), String(child.pid), { flag: "r+" });
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return { pid: child.pid ?? 0, ended: once(child, "exit") };
}

test("real cgroups bound a pod, and what is left in them is killed", { skip }, async () => {
  assert.ok(machine);
  await inCgroups(machine, async (cgroups, root) => {
    const read = async (controller: string, name: string, file: string) =>
      (await readFile(join(root(controller), name, file), "utf8")).trim();
    const v1 = machine.version === 1;
    const guaranteed = await cgroups.createPodCgroup(pod("u1", { cpu: "500m", memory: "64Mi" }));
    assert.equal(await read("cpu", guaranteed, v1 ? "cpu.cfs_quota_us" : "cpu.max"), v1 ? "50000" : "50000 100000");
    assert.equal(await read("memory", guaranteed, v1 ? "memory.limit_in_bytes" : "memory.max"), String(64 * 1024 ** 2));

    const burstable = await cgroups.createPodCgroup(pod("u2", {}, { cpu: "2" }));
    await cgroups.createPodCgroup(pod("u3", {}, { cpu: "1" }));
    const weight = () => read("cpu", join(burstable, ".."), v1 ? "cpu.shares" : "cpu.weight");
    assert.equal(await weight(), v1 ? "3072" : "118");
    await cgroups.removePodCgroup("u3");
    assert.equal(await weight(), v1 ? "2048" : "79");

    const container = join(root("memory"), burstable, "container");
    await mkdir(container);
    // As runc does where cgroup v2 is beside v1.
    const beside = machine.version === 1 && machine.unified ? join(machine.unified, burstable, "container") : undefined;
    if (beside) await mkdir(beside, { recursive: true });
    const left = await sleeper(container);
    assert.deepEqual(await processesIn(join(root("memory"), burstable)), [left.pid]);
    await cgroups.killAll("u1");
    assert.deepEqual((await cgroups.uids()).toSorted(), ["u1", "u2"]);
    await cgroups.removePodCgroup("u2");
    assert.deepEqual(await left.ended, [null, "SIGKILL"]);
    assert.ok(!existsSync(container));
    assert.ok(!beside || !existsSync(join(beside, "..")));
    // A class with room for the next pod stays.
    assert.ok(existsSync(join(root("memory"), burstable, "..")));
  });
});

const hybrid = "/sys/fs/cgroup/unified";
const skipHybrid = !skip && existsSync(join(hybrid, "cgroup.procs")) ? false : "it needs cgroup v2 beside v1, and root";

test(
  "a cgroup v2 tree without controllers holds a pod's processes, which are killed together",
  { skip: skipHybrid },
  () =>
    inCgroups({ version: 2, mount: hybrid }, async (cgroups) => {
      const name = await cgroups.createPodCgroup(pod("u1", { cpu: "500m", memory: "64Mi" }));
      const container = join(hybrid, name, "container");
      await mkdir(container);
      const left = await sleeper(container);
      await cgroups.killAll("u1");
      assert.deepEqual(await left.ended, [null, "SIGKILL"]);
      await cgroups.removePodCgroup("u1");
      assert.deepEqual(await cgroups.uids(), []);
    }),
);
