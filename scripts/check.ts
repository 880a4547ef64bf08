// Everything that a machine can judge about the source without running it. Prints what is wrong, and exits 1.
import { spawnSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkBrowser } from "./check-browser.ts";
import { checkImports } from "./check-imports.ts";
import { checkAssertions } from "./check/assertions.ts";
import { checkConformance } from "./check/conformance.ts";
import { checkArchitecture, checkDocs } from "./check/docs.ts";
import { checkFiles } from "./check/files.ts";
import { checkLengths } from "./check/lengths.ts";
import { checkProduct } from "./check/product.ts";
import { LARGE, LONG, UNUSED, WITHOUT_ASSERTION } from "./check/table.ts";
import { checkUnused } from "./check/unused.ts";
import { ROOMS } from "./rooms.ts";
import { isGenerated, readSources } from "./source/sources.ts";

const root = join(import.meta.dirname, "..");

let failed = false;
const report = (name: string, problems: readonly string[] | string) => {
  const text = typeof problems === "string" ? problems : problems.join("\n");
  console.log(text ? `✗ ${name}\n${text}` : `✓ ${name}`);
  failed ||= text !== "";
};

function run(command: string, ...args: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  return { status, stdout, all: `${error?.message ?? ""}${stdout}${stderr}` || `${command} exited with ${status}` };
}
const tool = (name: string) => join(root, "node_modules/.bin", name);

for (const [name, command, ...args] of [
  ["format", "oxfmt", "--check", "."],
  ["types", "tsc", "-p", "."],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
] as const) {
  const { status, all } = run(tool(command), ...args);
  report(name, status === 0 ? "" : all);
}

const knip = run(tool("knip"), "--reporter", "json");
report("unused code", knip.stdout.startsWith("{") ? checkUnused(knip.stdout, UNUSED) : knip.all);

const git = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z");
const listed = git.stdout.split("\0").filter(Boolean);
const files = listed.flatMap((path) => {
  const stat = lstatSync(join(root, path), { throwIfNoEntry: false });
  return stat ? [{ path, bytes: stat.size }] : [];
});
report("files", git.status === 0 ? checkFiles(files, LARGE) : git.all);

const paths = files.map(({ path }) => path);
const read = (path: string) => readFileSync(join(root, path), "utf8");
const documents = new Map(paths.filter((path) => path.endsWith(".md")).map((path) => [path, read(path)]));
const conformance = documents.get("docs/conformance.md") ?? "";
const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> };
report("documents", [
  ...checkDocs({ documents, paths, npmScripts: new Set(Object.keys(scripts)) }),
  ...checkArchitecture(documents.get("docs/architecture.md") ?? "", ROOMS),
  ...checkConformance({ document: conformance, read: (path) => (paths.includes(path) ? read(path) : undefined) }),
]);

const sources = readSources(root);
const written = new Map([...sources].filter(([path]) => !isGenerated(path)));
report("import table", checkImports(sources));
report("product and tests", checkProduct(written.values()));
report("lengths", checkLengths(written.values(), LONG));
report("assertions", checkAssertions(written, WITHOUT_ASSERTION));
report("neutral rooms in a browser", await checkBrowser(root));
process.exit(failed ? 1 : 0);
