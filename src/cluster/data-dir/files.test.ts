import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { StartError } from "../options.ts";
import { dataFile, hasTexts } from "./files.ts";

const FILE = dataFile<{ readonly name: string }>("note.json", {
  expected: "a name",
  isValid: (value) => hasTexts(value, "name"),
  without: "the name is then forgotten",
});

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "knarr-files-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

test("a note is read as it was written, by its owner only, and nothing else is left beside it", async (t) => {
  const dir = await folder(t);
  assert.equal(FILE.read(dir), undefined);
  await FILE.write(dir, { name: "first" });
  await FILE.write(dir, { name: "second" });
  assert.deepEqual(FILE.read(dir), { name: "second" });
  assert.deepEqual(await readdir(dir), ["note.json"]);
  assert.equal((await stat(join(dir, "note.json"))).mode & 0o077, 0);
  await FILE.remove(dir);
  assert.equal(FILE.read(dir), undefined);
});

test("a folder that is not there, or is a file, holds no note", async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, "file"), "");
  assert.equal(FILE.read(join(dir, "none")), undefined);
  assert.equal(FILE.read(join(dir, "file")), undefined);
});

test("a damaged note is an error that names the file, what was expected, and what removing it means", async (t) => {
  const dir = await folder(t);
  for (const [text, why] of [
    ["", "Unexpected end of JSON input"],
    ['{"name":', "Unexpected end of JSON input"],
    ["\0\0\0", "is not valid JSON"],
    ["null", "expected a name"],
    ["[]", "expected a name"],
    ['{"name":3}', "expected a name"],
  ] as const) {
    await writeFile(join(dir, "note.json"), text);
    assert.throws(
      () => FILE.read(dir),
      (error) =>
        error instanceof StartError &&
        error.message.startsWith(`${join(dir, "note.json")} is damaged: `) &&
        error.message.includes(why) &&
        !/\p{Cc}/u.test(error.message) &&
        error.message.endsWith("remove it: the name is then forgotten"),
      JSON.stringify(text),
    );
  }
});
