// Holds every import under src/ against the table of rooms: which room may import which, only through its index,
// no cycles between files (type imports count), nothing of Node in a neutral room.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";
import { ROOMS } from "./rooms.ts";

interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** The longest room whose folder holds the file (path relative to src/). */
function roomOf(file: string): string | undefined {
  const parts = dirname(file).split("/");
  for (let depth = parts.length; depth > 0; depth--) {
    const name = parts.slice(0, depth).join("/");
    if (name in ROOMS) return name;
  }
  return undefined;
}

function importsOf(path: string): Import[] {
  const text = readFileSync(path, "utf8");
  const { module } = parseSync(path, text);
  const lineAt = (offset: number) => text.slice(0, offset).split("\n").length;
  const found = [
    ...module.staticImports.map((entry) => ({ specifier: entry.moduleRequest.value, line: lineAt(entry.start) })),
    ...module.staticExports.flatMap((entry) =>
      entry.entries
        .filter((exported) => exported.moduleRequest)
        .slice(0, 1)
        .map((exported) => ({ specifier: exported.moduleRequest!.value, line: lineAt(entry.start) })),
    ),
    ...module.dynamicImports.map((entry) => ({
      specifier: text.slice(entry.moduleRequest.start, entry.moduleRequest.end).replaceAll(/^["'`]|["'`]$/g, ""),
      line: lineAt(entry.start),
    })),
  ];
  return found;
}

/** Every problem as `file:line: text`; empty when all is well. */
export function checkImports(root: string): string[] {
  const src = join(root, "src");
  const problems: string[] = [];
  const graph = new Map<string, string[]>();

  for (const file of globSync("**/*.ts", { cwd: src })) {
    const room = roomOf(file);
    if (!room) {
      problems.push(`src/${file}: stands in no room of scripts/rooms.ts`);
      continue;
    }
    const isTest = /\.test\.ts$|conformance\.ts$|\/testing\//.test(file);
    const targets: string[] = [];
    for (const { specifier, line } of importsOf(join(src, file))) {
      const complain = (text: string) => problems.push(`src/${file}:${line}: ${text}`);
      if (specifier.startsWith(".")) {
        const target = relative(src, resolve(src, dirname(file), specifier));
        if (target.startsWith("..")) complain(`leaves src/ (${specifier})`);
        else if (roomOf(target) !== room && !(isTest && roomOf(target)?.startsWith(room)))
          complain(`enters room ${roomOf(target)} by a path: import it as #${roomOf(target)}`);
        else targets.push(target);
      } else if (specifier.startsWith("#")) {
        const other = specifier.slice(1);
        if (!(other in ROOMS)) complain(`there is no room ${other}`);
        else if (other === room) complain(`imports its own index; use a relative path`);
        else if (!isTest && !ROOMS[room]!.imports.includes(other)) complain(`room ${room} may not import ${other}`);
        else if (!isTest) targets.push(`${other}/index.ts`);
      } else if (specifier.startsWith("node:")) {
        if (ROOMS[room]!.neutral && !isTest) complain(`room ${room} is neutral: no ${specifier}`);
      } else if (!isTest) {
        const name = specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : specifier.split("/")[0]!;
        if (!ROOMS[room]!.packages?.includes(name)) complain(`room ${room} may not import the package ${name}`);
      }
    }
    graph.set(file, targets);
  }
  return [...problems, ...cycles(graph)].sort();
}

/** Each cycle of files once, as `src/a.ts → src/b.ts → src/a.ts`. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const visit = (file: string) => {
    state.set(file, "open");
    path.push(file);
    for (const target of graph.get(file) ?? []) {
      if (state.get(target) === "open") {
        const loop = [...path.slice(path.indexOf(target)), target];
        found.push(`import cycle: ${loop.map((name) => `src/${name}`).join(" → ")}`);
      } else if (!state.has(target)) visit(target);
    }
    path.pop();
    state.set(file, "done");
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file);
  return found;
}
