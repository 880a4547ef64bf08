// Runs a script of the project on the pinned Node, after doing whatever set-up is missing.
// This file itself runs on any Node from 20 on, with nothing installed: `node scripts/setup.mjs [script.ts [args…]]`.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
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

const inFolder = (folder) => readdirSync(join(root, folder), "utf8").map((name) => `${folder}/${name}`);
const stampOf = (paths) => {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(join(root, path))).update("\0");
  return hash.digest("hex");
};
/** Whether what the stamp stands for was made from other inputs, or never. */
const isStale = (path, stamp) => !existsSync(path) || readFileSync(path, "utf8") !== stamp;

const installed = join(root, "node_modules/.knarr-lock");
const lock = stampOf(["package-lock.json"]);
if (!existsSync(node) || isStale(installed, lock)) {
  // npm's own chatter goes to standard error: what the script prints is all of standard output.
  mustRun("installing packages (once)", "npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"], {
    stdio: ["ignore", 2, 2],
  });
  writeFileSync(installed, lock);
}

const generated = join(root, "src/objects/generated/stamp");
const facts = stampOf([
  "scripts/generate.ts",
  "package-lock.json",
  ...inFolder("scripts/generate"),
  ...inFolder("src/objects/facts"),
]);
if (isStale(generated, facts)) mustRun("generating the Kubernetes types (once)", node, ["scripts/generate.ts", facts]);

/** Runs the script to its end, also when told to stop: what it has started is for it to end, and that may take a while. */
function runScript(args) {
  const child = spawn(node, args, { cwd: root, stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // A terminal sends it to both of us.
  process.on("SIGINT", () => {});
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`setup: cannot run ${node}: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

const [script, ...args] = process.argv.slice(2);
if (script) process.exit(await runScript([script, ...args]));
