import assert from "node:assert/strict";
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Payload } from "../payload/payload.ts";
import { createTestDirectory, modeOf, NEEDS_ROOT, visibleFiles } from "../testing/directory.ts";
import { writeAtomically } from "./atomic-writer.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const payloadOf = (files: Readonly<Record<string, string>>, mode = 0o644): Payload =>
  new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));
const write = (dir: string, payload: Payload) => writeAtomically(dir, payload, { now: NOW });

describe("a volume's files", () => {
  test("are laid out as upstream does it", async () => {
    await using dir = await createTestDirectory();
    await write(dir.path, payloadOf({ a: "1", "d/e/f": "2", "d/g": "3" }, 0o640));
    const data = await readlink(join(dir.path, "..data"));
    assert.match(data, /^\.\.2026_01_02_03_04_05\.\w+$/);
    assert.deepEqual((await readdir(dir.path)).toSorted(), [data, "..data", "a", "d"].toSorted());
    assert.equal(await readlink(join(dir.path, "a")), "..data/a");
    assert.equal(await readlink(join(dir.path, "d")), "..data/d");
    assert.deepEqual(await visibleFiles(dir.path), { a: "1", "d/e/f": "2", "d/g": "3" });
    const [file = "", inner = "", top = ""] = await Promise.all(
      ["..data/d/e/f", "..data/d/e", data].map((path) => modeOf(join(dir.path, path))),
    );
    assert.deepEqual(
      [file, inner, top].map((mode) => mode.split(" ")[0]),
      ["640", "755", "755"],
    );
  });

  test("are not written again when they are right, and a lost link comes back", async () => {
    await using dir = await createTestDirectory();
    const payload = payloadOf({ a: "1", b: "2" });
    await write(dir.path, payload);
    const before = await readlink(join(dir.path, "..data"));
    await rm(join(dir.path, "a"));
    await write(dir.path, payload);
    assert.equal(await readlink(join(dir.path, "..data")), before);
    assert.deepEqual(await visibleFiles(dir.path), { a: "1", b: "2" });
  });

  test("are written although a crash has left parts, which go", async () => {
    await using dir = await createTestDirectory();
    await write(dir.path, payloadOf({ a: "1" }));
    await symlink("..nowhere", join(dir.path, "..data_tmp"));
    await mkdir(join(dir.path, "..2025_01_01_00_00_00.aaaaaa"));
    await write(dir.path, payloadOf({ a: "2" }));
    assert.deepEqual(await visibleFiles(dir.path), { a: "2" });
    assert.equal((await readdir(dir.path)).length, 3);
  });

  test("are not written over a directory that another volume is mounted in", async () => {
    await using dir = await createTestDirectory();
    await mkdir(join(dir.path, "nested"));
    await write(dir.path, payloadOf({ nested: "1" }));
    await write(dir.path, payloadOf({ other: "1" }));
    assert.ok((await lstat(join(dir.path, "nested"))).isDirectory());
  });

  test("are never visible when the payload cannot be made ready", async () => {
    await using dir = await createTestDirectory();
    await write(dir.path, payloadOf({ a: "1" }));
    const beforeSwap = () => Promise.reject(new Error("no"));
    await assert.rejects(writeAtomically(dir.path, payloadOf({ a: "2" }), { now: NOW, beforeSwap }), { message: "no" });
    assert.deepEqual(await visibleFiles(dir.path), { a: "1" });
    assert.equal((await readdir(dir.path)).length, 3);
  });

  test("belong to the user that the payload names", { skip: NEEDS_ROOT }, async () => {
    await using dir = await createTestDirectory();
    await write(dir.path, new Map([["token", { data: Buffer.from("t"), mode: 0o600, owner: 1234 }]]));
    assert.equal(await modeOf(join(dir.path, "..data/token")), "600 1234:0");
  });

  for (const path of [
    "",
    "/etc/passwd",
    "../up",
    "a/../b",
    "..data",
    "..hidden",
    "./..data/x",
    "x".repeat(256),
    "/",
    ".",
  ]) {
    test(`are refused at the path ${JSON.stringify(path.slice(0, 20))}`, async () => {
      await using dir = await createTestDirectory();
      await assert.rejects(write(dir.path, payloadOf({ ok: "1", [path]: "1" })), { message: /^invalid path/ });
      assert.deepEqual(await readdir(dir.path), []);
    });
  }
});

const names = fc.constantFrom(
  "a",
  "b",
  "c",
  "dir/a",
  "dir/b",
  "dir/deep/a",
  ".hidden",
  "...dots".slice(2),
  "constructor",
);
/** Which files there are; a file and a directory of one name exclude each other by the choice of names. */
const trees = fc.array(fc.uniqueArray(names, { maxLength: 6 }), { minLength: 1, maxLength: 6 });

test("after any sequence of payloads the last one is what is seen, and no reader has seen a mix", async () => {
  await fc.assert(
    fc.asyncProperty(trees, async (sequence) => {
      await using dir = await createTestDirectory();
      let writing = true;
      const reader = watchVersions(dir.path, () => writing);
      for (const [version, paths] of sequence.entries()) {
        // Every file tells which payload it is of; now and then the same payload comes again.
        const text = String(version - (version % 3 === 2 ? 1 : 0));
        await write(dir.path, payloadOf(Object.fromEntries(paths.map((path) => [path, text]))));
        assert.deepEqual(await visibleFiles(dir.path), Object.fromEntries(paths.map((path) => [path, text])));
      }
      writing = false;
      await reader;
      const left = (await readdir(dir.path)).filter((name) => name.startsWith("..") && name !== "..data");
      assert.deepEqual(left, [await readlink(join(dir.path, "..data"))]);
    }),
    { numRuns: 40 },
  );
});

/** Reads all files over and over as one who enters `..data` does. */
async function watchVersions(dir: string, goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    const data = await readlink(join(dir, "..data")).catch(() => undefined);
    if (data === undefined) continue;
    const seen = await visibleFiles(join(dir, data)).catch(() => undefined);
    // What was removed while it was read says nothing.
    if (!seen || (await readlink(join(dir, "..data"))) !== data) continue;
    assert.ok(new Set(Object.values(seen)).size <= 1, `a mix: ${JSON.stringify(seen)}`);
  }
}

test("a file can be read all the time while it changes", async () => {
  await using dir = await createTestDirectory();
  await write(dir.path, payloadOf({ a: "0" }));
  let writing = true;
  const reader = (async () => {
    let last = 0;
    while (writing) {
      const version = Number(await readFile(join(dir.path, "a"), "utf8").catch(() => String(last)));
      assert.ok(version >= last, "it never goes back");
      last = version;
    }
  })();
  for (let version = 1; version <= 20; version++) await write(dir.path, payloadOf({ a: String(version) }));
  writing = false;
  await reader;
  await writeFile(join(dir.path, "untouched"), "");
  assert.equal((await visibleFiles(dir.path))["a"], "20");
});
