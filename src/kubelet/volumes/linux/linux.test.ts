import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createScope } from "#base";
import { createTestDirectory, modeOf, NEEDS_ROOT } from "../testing/directory.ts";
import { textOf } from "./errors.ts";
import { mountAt, mountHolding, mountsUnder, parseMountInfo } from "./mount-info.ts";
import { createShell, runCommand } from "#programs";
import { createMounter } from "./mounter.ts";
import { giveToGroup } from "./ownership.ts";
import { bindSubPath, makeSubPath, readWithin } from "./sub-path.ts";

test("mountinfo is read with paths, types and blanks, and the topmost mount counts", () => {
  const mounts = parseMountInfo(
    [
      "25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw",
      "40 25 0:30 / /pods/a\\040b rw - tmpfs tmpfs rw,size=4k",
      "41 40 8:1 /x /pods/a\\040b/sub rw - ext4 /dev/root rw",
      "42 25 0:31 / /pods/a\\040b rw - ramfs none rw",
      "43 25 0:31 / /pods/a\\040bc rw - ramfs none rw",
      "",
    ].join("\n"),
  );
  assert.equal(mounts.length, 5);
  assert.deepEqual(mountAt(mounts, "/pods/a b"), { path: "/pods/a b", type: "ramfs", shared: false });
  assert.equal(mountHolding(mounts, "/pods/a")?.path, "/");
  assert.equal(mountHolding(mounts, "/pods/a")?.shared, true);
  assert.equal(mountHolding(mounts, "/pods/a b/sub/x")?.type, "ramfs", "what lies on top hides what is below");
  assert.equal(mountAt(mounts, "/pods"), undefined);
  assert.deepEqual(
    mountsUnder(mounts, "/pods/a b").map(({ path, type }) => `${path} ${type}`),
    ["/pods/a b ramfs", "/pods/a b/sub ext4", "/pods/a b tmpfs"],
  );
});

test("errors of system calls are worded as Go words them", async () => {
  await using dir = await createTestDirectory();
  await writeFile(join(dir.path, "file"), "");
  const failed = await mkdir(join(dir.path, "file/x")).catch((error: unknown) => error);
  assert.equal(textOf(failed), `mkdir ${dir.path}/file/x: not a directory`);
  assert.equal(textOf(new Error("plain")), "plain");
  assert.equal(textOf("odd"), "odd");
});

const MOUNT = "mount";
const makePrivate = (path: string) => execFileSync(MOUNT, ["--make-private", path]);

describe("the mounter", { skip: NEEDS_ROOT }, () => {
  test("makes a bounded tmpfs, binds it elsewhere, and unmounts both", async () => {
    await using dir = await createTestDirectory();
    const mounter = createMounter(runCommand);
    const [memory, bound] = [join(dir.path, "me mory"), join(dir.path, "bound")];
    await mkdir(memory);
    await mkdir(bound);
    await mounter.tmpfs(memory, 64 * 1024);
    await writeFile(join(memory, "file"), "x");
    await assert.rejects(writeFile(join(memory, "large"), Buffer.alloc(128 * 1024)), { code: "ENOSPC" });
    await mounter.bind(memory, bound);
    assert.equal(await readFile(join(bound, "file"), "utf8"), "x");
    assert.equal(mountAt(await mounter.list(), memory)?.type, "tmpfs");
    await mounter.unmountUnder(dir.path);
    assert.deepEqual(mountsUnder(await mounter.list(), dir.path), []);
    assert.deepEqual(await readdir(memory), []);
  });

  test("shares a directory once, whatever it is on", async () => {
    await using dir = await createTestDirectory();
    const mounter = createMounter(runCommand);
    await mounter.tmpfs(dir.path, 64 * 1024);
    makePrivate(dir.path);
    const [own, used] = [join(dir.path, "own"), join(dir.path, "used")];
    await mkdir(own);
    await mkdir(join(used, "inner"), { recursive: true });
    await writeFile(join(own, "file"), "x");
    const below = async (path: string) =>
      mountsUnder(await mounter.list(), path).map((mount) => [mount.path, mount.shared]);

    await mounter.makeShared(own);
    await mounter.makeShared(own);
    assert.deepEqual(await below(own), [[own, true]]);
    assert.equal(await readFile(join(own, "file"), "utf8"), "x");
    await mkdir(join(own, "inner"));
    await mounter.makeShared(join(own, "inner"));
    assert.deepEqual(await below(own), [[own, true]], "it is on a mount that is shared");
    // Who did not get to the end is helped there.
    makePrivate(own);
    await mounter.makeShared(own);
    assert.deepEqual(await below(own), [[own, true]]);

    await mounter.tmpfs(join(used, "inner"), 4096);
    await mounter.makeShared(used);
    assert.deepEqual(await below(used), [[join(used, "inner"), false]], "what is mounted stays in sight");
  });

  test("says with which status, arguments and output a mount failed, as upstream does, however it was run", async () => {
    await using dir = await createTestDirectory();
    await using scope = createScope("test");
    const target = join(dir.path, "none");
    for (const run of [runCommand, createShell(scope)]) {
      const failed = await createMounter(run)
        .tmpfs(target, undefined)
        .catch((error: unknown) => error);
      assert.ok(failed instanceof Error);
      const [status, command, args, output = ""] = failed.message.split("\n");
      assert.deepEqual(
        [status, command, args],
        ["mount failed: exit status 32", "Mounting command: mount", `Mounting arguments: -t tmpfs tmpfs ${target}`],
      );
      assert.match(output, /^Output: mount: .*none.*not exist/);
    }
  });

  test("carries out many mounts at a time", async () => {
    await using dir = await createTestDirectory();
    const mounter = createMounter(runCommand);
    const paths = Array.from({ length: 20 }, (_, i) => join(dir.path, String(i)));
    await Promise.all(paths.map((path) => mkdir(path).then(() => mounter.tmpfs(path, 4096))));
    assert.equal(mountsUnder(await mounter.list(), dir.path).length, 20);
    await mounter.unmountUnder(dir.path);
    assert.equal(mountsUnder(await mounter.list(), dir.path).length, 0);
  });
});

describe("sub paths", () => {
  test("are made with the volume's mode at every level", async () => {
    await using dir = await createTestDirectory();
    const volume = join(dir.path, "volume");
    await mkdir(volume);
    await chmod(volume, 0o2775);
    await makeSubPath(volume, "a/b//c/.");
    for (const path of ["a", "a/b", "a/b/c"]) assert.equal((await modeOf(join(volume, path))).split(" ")[0], "2775");
    await makeSubPath(volume, "a/b");
    await writeFile(join(volume, "file"), "");
    await makeSubPath(volume, "file");
    await assert.rejects(makeSubPath(volume, "file/below"));
  });

  test("never lead out of the volume", async () => {
    await using dir = await createTestDirectory();
    const [volume, outside] = [join(dir.path, "volume"), join(dir.path, "outside")];
    await mkdir(volume);
    await mkdir(outside);
    await writeFile(join(outside, "secret"), "s");
    await symlink(outside, join(volume, "out"));
    await symlink("../outside", join(volume, "relative"));
    await symlink("inside", join(volume, "within"));
    await symlink("/nowhere/at/all", join(volume, "dangling"));
    await mkdir(join(volume, "inside"));
    for (const subPath of ["out/new", "relative/new", "../outside/new", "within/../../outside/new", "dangling/new"]) {
      await assert.rejects(makeSubPath(volume, subPath), Error, subPath);
    }
    assert.deepEqual(await readdir(outside), ["secret"]);
    await makeSubPath(volume, "within/new");
    assert.ok((await stat(join(volume, "inside/new"))).isDirectory());
    await assert.rejects(readWithin(volume, "out/secret", 100), /outside of allowed base/);
    await assert.rejects(readWithin(volume, "relative/secret", 100), /outside of allowed base/);
    await assert.rejects(readWithin(volume, "inside", 100), /is not a file/);
  });

  test("are bound so that what happens in the volume later changes nothing", { skip: NEEDS_ROOT }, async () => {
    await using dir = await createTestDirectory();
    const mounter = createMounter(runCommand);
    const [volume, outside, target] = [join(dir.path, "v"), join(dir.path, "outside"), join(dir.path, "bound/0")];
    await mkdir(join(volume, "sub"), { recursive: true });
    await mkdir(outside);
    await writeFile(join(volume, "sub/file"), "inside");
    await symlink(outside, join(volume, "out"));
    assert.equal(await bindSubPath(mounter, volume, "sub", target), target);
    assert.equal(await readFile(join(target, "file"), "utf8"), "inside");
    // Again: it is there already.
    await bindSubPath(mounter, volume, "sub", target);
    assert.equal(mountsUnder(await mounter.list(), target).length, 1);
    await assert.rejects(bindSubPath(mounter, volume, "out", join(dir.path, "bound/1")), /outside of allowed base/);
    // Something else by now, and even of another kind.
    await bindSubPath(mounter, volume, "sub/file", target);
    assert.equal(await readFile(target, "utf8"), "inside");
    assert.equal(mountsUnder(await mounter.list(), target).length, 1);
    await mounter.unmountUnder(dir.path);
  });
});

describe("a volume that is given to a group", { skip: NEEDS_ROOT }, () => {
  async function createTree(path: string): Promise<void> {
    await mkdir(join(path, "dir"), { recursive: true });
    await writeFile(join(path, "dir/file"), "", { mode: 0o600 });
    await writeFile(join(path, "run"), "", { mode: 0o700 });
    await symlink("dir/file", join(path, "link"));
    await chmod(path, 0o755);
    await chmod(join(path, "dir"), 0o700);
  }

  test("belongs to it in every part, as will what is made in it later", async () => {
    await using dir = await createTestDirectory();
    await createTree(dir.path);
    await giveToGroup(dir.path, { gid: 4321, readOnly: false });
    assert.equal(await modeOf(dir.path), "2775 0:4321");
    assert.equal(await modeOf(join(dir.path, "dir")), "2770 0:4321");
    assert.equal(await modeOf(join(dir.path, "dir/file")), "660 0:4321");
    assert.equal(await modeOf(join(dir.path, "run")), "760 0:4321");
    assert.equal((await lstat(join(dir.path, "link"))).gid, 4321);
    await writeFile(join(dir.path, "dir/new"), "");
    assert.equal((await lstat(join(dir.path, "dir/new"))).gid, 4321);
  });

  test("gets no write permission when it is read-only", async () => {
    await using dir = await createTestDirectory();
    await createTree(dir.path);
    await giveToGroup(dir.path, { gid: 4321, readOnly: true });
    assert.equal(await modeOf(join(dir.path, "dir/file")), "640 0:4321");
  });

  test("is left alone by OnRootMismatch when the directory itself is right", async () => {
    await using dir = await createTestDirectory();
    await createTree(dir.path);
    const ownership = { gid: 4321, readOnly: false, policy: "OnRootMismatch" };
    await giveToGroup(dir.path, ownership);
    assert.equal(await modeOf(join(dir.path, "run")), "760 0:4321");
    await chmod(join(dir.path, "run"), 0o700);
    await giveToGroup(dir.path, ownership);
    assert.equal(await modeOf(join(dir.path, "run")), "700 0:4321");
    await giveToGroup(dir.path, { ...ownership, gid: 77 });
    assert.equal(await modeOf(join(dir.path, "run")), "760 0:77");
  });
});
