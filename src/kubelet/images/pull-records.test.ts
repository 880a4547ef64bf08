import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegistryCredentials } from "./docker-config.ts";
import { createPullRecords, type RecordsFile } from "./pull-records.ts";

const ID = "a.test/app@sha256:1";
const ann = { username: "ann", password: "1" };
const bob = { username: "bob", password: "2" };
const having =
  (...credentials: readonly RegistryCredentials[]) =>
  () =>
    Promise.resolve(credentials);

function memoryFile(): RecordsFile & { text: string | undefined } {
  const file = {
    text: undefined as string | undefined,
    read: () => Promise.resolve(file.text),
    write(text: string) {
      file.text = text;
      return Promise.resolve();
    },
  };
  return file;
}

test("an image that was pulled with credentials is for pods that have them", async () => {
  const records = await createPullRecords(memoryFile(), () => new Set());
  await records.pulled(ID, "a.test/app:1", ann);
  assert.equal(await records.mayUse(ID, "a.test/app:1", having(ann)), true);
  assert.equal(await records.mayUse(ID, "a.test/app:2", having(bob, ann)), true, "any of them, by any tag");
  assert.equal(await records.mayUse(ID, "a.test/app:1", having()), false);
  assert.equal(await records.mayUse(ID, "a.test/app:1", having(bob)), false);
  assert.equal(await records.mayUse(ID, "a.test/app:1", having({ ...ann, password: "2" })), false);
  assert.equal(
    await records.mayUse("b.test/other@sha256:1", "b.test/other:1", having(ann)),
    false,
    "the same elsewhere",
  );
  await records.pulled(ID, "a.test/app:1", bob);
  for (const one of [ann, bob]) assert.equal(await records.mayUse(ID, "a.test/app:1", having(one)), true);
});

test("an image that was pulled anonymously, or never pulled, is for every pod", async () => {
  const records = await createPullRecords(memoryFile(), () => new Set());
  assert.equal(await records.mayUse("sha256:2", "loaded:1", having()), true);
  await records.pulled(ID, "app:1", undefined);
  assert.equal(await records.mayUse(ID, "docker.io/library/app:2", having()), true);
  await records.pulled(ID, "app:1", ann);
  assert.equal(await records.mayUse(ID, "app:1", having()), true, "it stays so");
});

test("what is known outlives the process, and images; passwords are not in it", async () => {
  const file = memoryFile();
  const there = new Set(["sha256:1"]);
  const first = await createPullRecords(file, () => there);
  await first.pulled(ID, "a.test/app:1", { username: "ann", password: "very secret" });
  assert.doesNotMatch(file.text!, /secret/);
  const second = await createPullRecords(file, () => there);
  assert.equal(await second.mayUse(ID, "a.test/app:1", having(bob)), false);
  there.delete("sha256:1");
  await second.pulled("b.test/x@sha256:9", "b.test/x:1", undefined);
  assert.doesNotMatch(file.text!, /sha256:1"/);
  file.text = "{ broken";
  const third = await createPullRecords(file, () => there);
  assert.equal(await third.mayUse(ID, "a.test/app:1", having(bob)), true);
});
