import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { useCompileCache } from "./compile-cache.ts";

const root = mkdtempSync(join(tmpdir(), "knarr-compile-cache-"));
after(() => rmSync(root, { recursive: true, force: true }));
const source = join(root, "source.ts");

/** Runs the source with the cache, and says what it printed and how many entries there are then. */
function run(text: string) {
  writeFileSync(source, text);
  const env: NodeJS.ProcessEnv = { PATH: process.env["PATH"] };
  useCompileCache(root, env, 2);
  const { stdout } = spawnSync(process.execPath, [source], { env, encoding: "utf8" });
  return { printed: stdout.trim(), entries: globSync("*/*", { cwd: join(root, ".cache/compile") }).length };
}

test("a source that has changed is compiled anew, and its entries (types stripped, code) take the place of the old", () => {
  assert.deepEqual(run(`const n: number = 1;\nconsole.log("one", n);\n`), { printed: "one 1", entries: 2 });
  assert.deepEqual(run(`const n: number = 2;\nconsole.log("two", n);\n`), { printed: "two 2", entries: 2 });
  assert.deepEqual(run(`const n: number = 2;\nconsole.log("two", n);\n`), { printed: "two 2", entries: 2 });
});

test("a cache with too many entries is begun again, and one that the user names is left to the user", () => {
  const [folder] = globSync(".cache/compile/*", { cwd: root });
  for (const name of ["a", "b"]) writeFileSync(join(root, folder!, name), "");
  const env = { NODE_COMPILE_CACHE: "/elsewhere" };
  useCompileCache(root, env, 4);
  assert.equal(globSync(".cache/compile/*/*", { cwd: root }).length, 4);
  useCompileCache(root, env, 3);
  assert.deepEqual(globSync(".cache/compile/*", { cwd: root }), []);
  assert.equal(env.NODE_COMPILE_CACHE, "/elsewhere");
});
