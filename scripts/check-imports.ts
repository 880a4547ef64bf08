// Holds every import under src/ against the table of rooms: which room may import which, only through its index,
// no cycles between files (type imports count), nothing of Node in a neutral room.
import { posix } from "node:path";
import { ROOMS } from "./rooms.ts";
import { importsOf } from "./source/imports.ts";
import type { Source } from "./source/sources.ts";

/** The longest room whose folder holds the file (path relative to src/). */
function roomOf(file: string): string | undefined {
  const parts = posix.dirname(file).split("/");
  for (let depth = parts.length; depth > 0; depth--) {
    const name = parts.slice(0, depth).join("/");
    if (name in ROOMS) return name;
  }
  return undefined;
}

/** Every problem as `file:line: text`; empty when all is well. */
export function checkImports(sources: ReadonlyMap<string, Source>): string[] {
  const problems: string[] = [];
  const graph = new Map<string, string[]>();

  for (const [path, source] of sources) {
    if (!path.startsWith("src/")) continue;
    const file = path.slice("src/".length);
    const room = roomOf(file);
    if (!room) {
      problems.push(`src/${file}: stands in no room of scripts/rooms.ts`);
      continue;
    }
    const isTest = /\.test\.ts$|conformance\.ts$|\/testing\//.test(file);
    const targets: string[] = [];
    for (const { specifier, line } of importsOf(source)) {
      const complain = (text: string) => problems.push(`src/${file}:${line}: ${text}`);
      if (specifier.startsWith(".")) {
        const target = posix.join(posix.dirname(file), specifier);
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
