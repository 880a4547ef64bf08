import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { put } from "#store/testing";
import { DataDirInUse, DataDirUnusable } from "./errors.ts";
import { openLmdbStore } from "./store.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

test("the directory and its files are for their owner alone", async (t) => {
  const dir = join(await temporaryDirectory(t), "a", "b");
  const store = await openLmdbStore({ dir });
  await put(store, "/a", "1");
  await store.close();
  assert.equal((await stat(dir)).mode & 0o777, 0o700);
  const files = await readdir(dir);
  assert(files.length > 0);
  for (const file of files) assert.equal((await stat(join(dir, file))).mode & 0o777, 0o600, file);
});

test("a directory belongs to one store of a process at a time", async (t) => {
  const dir = await temporaryDirectory(t);
  const link = `${dir}-link`;
  await symlink(dir, link);
  t.after(() => import("node:fs/promises").then(({ rm }) => rm(link)));
  const store = await openLmdbStore({ dir });
  await assert.rejects(openLmdbStore({ dir: link }), (error) => {
    assert(error instanceof DataDirInUse);
    assert.equal(error.pid, process.pid);
    return true;
  });
  assert.equal(await put(store, "/a", "1"), 2);
  await store.close();
  const again = await openLmdbStore({ dir: link });
  assert.equal(again.revision, 2);
  await again.close();
});

test("a directory belongs to one process at a time, until that dies", async (t) => {
  const dir = await temporaryDirectory(t);
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.resolve("./testing/crash-writer.ts")), dir, "idle"],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  t.after(() => child.kill("SIGKILL"));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  for (let i = 0; i < 2; i++) {
    await assert.rejects(openLmdbStore({ dir }), (error) => {
      assert(error instanceof DataDirInUse);
      assert.equal(error.pid, child.pid);
      assert.equal(error.message, `data directory ${dir} is in use by process ${child.pid}`);
      return true;
    });
  }
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
  const store = await openLmdbStore({ dir });
  assert.equal(await put(store, "/a", "1"), 2);
  await store.close();
});

test("a directory that cannot be made is unusable", async (t) => {
  const dir = await temporaryDirectory(t);
  await writeFile(join(dir, "file"), "");
  for (const path of [join(dir, "file"), join(dir, "file", "below")]) {
    await assert.rejects(openLmdbStore({ dir: path }), (error) => {
      assert(error instanceof DataDirUnusable);
      assert.equal(error.dir, path);
      return true;
    });
  }
});

test("a directory that may not be written is unusable", async (t) => {
  if (process.getuid?.() === 0) {
    t.skip("root may write everywhere");
    return;
  }
  const dir = join(await temporaryDirectory(t), "locked");
  await mkdir(dir, { mode: 0o500 });
  await assert.rejects(openLmdbStore({ dir }), DataDirUnusable);
  await chmod(dir, 0o700);
});

test("files that are not ours are unusable, and stay as they are", async (t) => {
  const dir = await temporaryDirectory(t);
  const content = Buffer.alloc(8192, "not a database ");
  await writeFile(join(dir, "data.mdb"), content);
  await assert.rejects(openLmdbStore({ dir }), DataDirUnusable);
  assert.equal((await stat(join(dir, "data.mdb"))).size, content.length);
});
