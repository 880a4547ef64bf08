// Runs a script of the project on the pinned Node, after doing whatever set-up is missing.
// This file itself runs on any Node from 20 on, with nothing installed: `node scripts/setup.mjs [script.ts [args…]]`.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, "node_modules/node/bin/node");

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (result.error) {
    console.error(`setup: cannot run ${command}: ${result.error.message}`);
    process.exit(1);
  }
  return result.status ?? 1;
}

function mustRun(what, command, args, options) {
  console.error(`setup: ${what}`);
  const status = run(command, args, options);
  if (status !== 0) {
    console.error(`setup: ${what} failed`);
    process.exit(status);
  }
}

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

const installed = join(root, "node_modules/.package-lock.json");
if (!existsSync(node) || modified(installed) < modified(join(root, "package-lock.json"))) {
  // npm's own chatter goes to standard error: what the script prints is all of standard output.
  mustRun("installing packages (once)", "npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"], {
    stdio: ["ignore", 2, 2],
  });
}

const generated = join(root, "src/objects/generated/stamp");
const inFolder = (folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
const inputs = [
  "scripts/generate.ts",
  "package-lock.json",
  ...inFolder("scripts/generate"),
  ...inFolder("src/objects/facts"),
]
  .sort()
  .map((path) => readFileSync(join(root, path), "utf8"));
const { createHash } = await import("node:crypto");
const stamp = createHash("sha256").update(inputs.join("\0")).digest("hex");
if (!existsSync(generated) || readFileSync(generated, "utf8") !== stamp) {
  mustRun("generating the Kubernetes types (once)", node, ["scripts/generate.ts", stamp]);
}

const [script, ...args] = process.argv.slice(2);
if (script) process.exit(run(node, [script, ...args]));
