import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock, type Clock } from "#base";
import { StartError } from "../options.ts";
import { keepCredentials } from "./credentials.ts";
import { signingKey } from "./signing-key.ts";

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

async function pkiFolder(t: TestContext): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "knarr-pki-"));
  t.after(() => rm(parent, { recursive: true }));
  return join(parent, "pki");
}

for (const [file, damage] of [
  ["ca.crt", "is empty"],
  ["ca.key", "is empty"],
  ["ca.key", "is of another authority"],
  ["ca.key", "is gone"],
] as const) {
  test(`an authority whose ${file} ${damage} is refused by name and left as it is`, async (t) => {
    const dir = await pkiFolder(t);
    await keepCredentials(dir, systemClock, []);
    if (damage === "is gone") await rm(join(dir, file));
    else await writeFile(join(dir, file), damage === "is empty" ? "" : await readFile(join(dir, "admin.key")));
    const before = await readFile(join(dir, "ca.crt"), "utf8");
    await assert.rejects(
      keepCredentials(dir, systemClock, []),
      (error) =>
        error instanceof StartError && error.message.startsWith(`${join(dir, "ca.crt")} and ca.key are damaged`),
    );
    assert.equal(await readFile(join(dir, "ca.crt"), "utf8"), before);
  });
}

test("a damaged certificate of the server or the administrator is made anew by the same authority", async (t) => {
  const dir = await pkiFolder(t);
  const first = await keepCredentials(dir, systemClock, []);
  await writeFile(join(dir, "admin.crt"), "");
  await writeFile(join(dir, "apiserver.key"), first.admin.privateKey);
  const again = await keepCredentials(dir, systemClock, []);
  assert.deepEqual(again.authority, first.authority);
  for (const pair of [again.admin, again.server])
    assert.ok(new X509Certificate(pair.certificate).verify(new X509Certificate(first.authority.certificate).publicKey));
});

test("a damaged signing key is refused by name", async (t) => {
  const dir = await pkiFolder(t);
  const first = await signingKey(dir);
  assert.equal((await signingKey(dir)).keyId, first.keyId);
  await writeFile(join(dir, "sa.key"), "");
  await assert.rejects(
    signingKey(dir),
    (error) => error instanceof StartError && error.message.startsWith(`${join(dir, "sa.key")} is damaged`),
  );
});
