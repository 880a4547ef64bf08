// Runs the whole suite, or the files given: `npm test -- src/store/lmdb/lmdb.test.ts --test-name-pattern=…`.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { realMachine } from "../test/equipment/machine.ts";

const root = join(import.meta.dirname, "..");
const args = process.argv.slice(2);
const files = args.filter((arg) => !arg.startsWith("-"));
const options = args.filter((arg) => arg.startsWith("-"));
const all = ["src", "scripts", "test", "examples"].flatMap((folder) =>
  globSync("**/*.test.ts", { cwd: join(root, folder) })
    .map((file) => join(folder, file))
    .sort(),
);

if (files.length === 0 || files.some((file) => file.startsWith("test/"))) {
  // The tests of the command line run side by side: none of them shall be the one that has to build.
  spawnSync(join(root, "bin/knarr"), ["version"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
}
if (files.length === 0) {
  // Installs what real containers need, where that can be done: before the first test that looks for it.
  const machine = await realMachine();
  if (!machine.ok) console.error(`\nSKIPPED: all tests with real containers: ${machine.reason}\n`);
}

const { status } = spawnSync(
  process.execPath,
  // Examples import "knarr" as users do; here that is the source.
  [
    "--conditions=knarr-source",
    `--import=${pathToFileURL(join(root, "scripts/test-seed.ts")).href}`,
    "--test",
    // Of a whole file too: Node counts it so.
    "--test-timeout=900000",
    "--test-reporter=spec",
    ...options,
    ...(files.length > 0 ? files : all),
  ],
  { cwd: root, stdio: "inherit" },
);
process.exit(status ?? 1);
