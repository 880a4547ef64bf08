import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, type Clock } from "#base";
import { keepCredentials } from "./credentials.ts";

test("credentials are kept, readable by their owner alone, and renewed when they must be", async (t) => {
  const dir = join(await mkdtemp(join(tmpdir(), "knarr-pki-")), "pki");
  t.after(() => rm(join(dir, ".."), { recursive: true }));

  const first = await keepCredentials(dir, systemClock, ["127.0.0.1"]);
  for (const file of await readdir(dir)) assert.equal((await stat(join(dir, file))).mode & 0o077, 0, file);
  assert.equal((await stat(dir)).mode & 0o077, 0);
  assert.deepEqual(await keepCredentials(dir, systemClock, ["127.0.0.1"]), first);

  const moved = await keepCredentials(dir, systemClock, ["192.0.2.7", "knarr.example"]);
  assert.deepEqual(moved.authority, first.authority);
  assert.deepEqual(moved.admin, first.admin);
  assert.notDeepEqual(moved.server, first.server);
  assert.equal(new X509Certificate(moved.server.certificate).checkIP("192.0.2.7"), "192.0.2.7");
  assert.equal(new X509Certificate(moved.server.certificate).checkHost("knarr.example"), "knarr.example");

  const nextYear: Clock = { ...systemClock, now: () => Date.now() + 350 * 24 * 3600_000 };
  const renewed = await keepCredentials(dir, nextYear, ["192.0.2.7", "knarr.example"]);
  assert.deepEqual(renewed.authority, first.authority);
  assert.notDeepEqual(renewed.admin, first.admin);
});
