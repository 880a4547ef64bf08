import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { logUsage } from "./usage.ts";

test("logs are measured by container, with what was rotated away", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-logs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "web"));
  mkdirSync(join(folder, "quiet"));
  for (const name of ["0.log", "0.log.20260101"]) {
    // To the disk: some file systems say only then how much room a file takes.
    writeFileSync(join(folder, "web", name), Buffer.alloc(10_000, 1), { flush: true });
  }
  const usage = await logUsage(folder);
  assert.deepEqual([...usage.keys()].toSorted(), ["quiet", "web"]);
  assert.equal(usage.get("web")?.inodes, 2);
  assert.ok(usage.get("web")!.bytes >= 20_000);
  assert.deepEqual(usage.get("quiet"), { bytes: 0, inodes: 0 });
  assert.equal((await logUsage(join(folder, "none"))).size, 0);
});
