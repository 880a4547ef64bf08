// Everything that a machine can judge about the source without running it. Prints what is wrong, and exits 1.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { checkBrowser } from "./check-browser.ts";
import { checkImports } from "./check-imports.ts";

const root = join(import.meta.dirname, "..");

const tools: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ["format", "oxfmt", "--check", "."],
  ["types", "tsc", "-p", "."],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
  ["unused code", "knip"],
];

let failed = false;
const report = (name: string, problems: string) => {
  console.log(problems ? `✗ ${name}\n${problems}` : `✓ ${name}`);
  failed ||= problems !== "";
};

for (const [name, command, ...args] of tools) {
  const { status, stdout, stderr, error } = spawnSync(join(root, "node_modules/.bin", command), args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  report(name, status === 0 ? "" : `${error?.message ?? ""}${stdout}${stderr}` || `${command} exited with ${status}`);
}
report("import table", checkImports(root).join("\n"));
report("neutral rooms in a browser", (await checkBrowser(root)).join("\n"));
process.exit(failed ? 1 : 0);
