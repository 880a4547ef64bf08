import assert from "node:assert/strict";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { diskUse } from "./disk-use.ts";

test("a directory takes what du says, links once", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-du-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "a/b"), { recursive: true });
  // To the disk: some file systems say only then how much room a file takes.
  writeFileSync(join(folder, "a/one"), Buffer.alloc(100_000, 1), { flush: true });
  writeFileSync(join(folder, "a/b/two"), Buffer.alloc(5_000, 1), { flush: true });
  linkSync(join(folder, "a/one"), join(folder, "a/b/again"));
  symlinkSync("/usr", join(folder, "elsewhere"));
  const { bytes, inodes } = await diskUse(folder);
  assert.equal(bytes, Number(execFileSync("du", ["-xs", "-B1", folder], { encoding: "utf8" }).split("\t")[0]));
  assert.equal(inodes, 6);
  assert.ok(bytes >= 105_000);
  assert.deepEqual(await diskUse(join(folder, "gone")), { bytes: 0, inodes: 0 });
});
