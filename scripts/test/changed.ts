// Which test files a change can break, the most directly affected first: pure.
import { posix } from "node:path";
import { exportsOf, importsOf, resolveImport, type Exports, type HandedOn } from "../source/imports.ts";
import type { Source } from "../source/sources.ts";
import { expectedSeconds, type Durations } from "./durations.ts";
import { Estimate } from "./schedule.ts";

export interface Graph {
  /** By file, those that need it when they run. */
  readonly neededBy: ReadonlyMap<string, ReadonlySet<string>>;
  /** By index file, those that import a name by way of it: it concerns them only when it changes itself. */
  readonly enteredBy: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Follows imports that are there at run time; a name that an index hands on leads to the file that has it, not to all
 * of the room. A string that is the path of a file, from the root or from the file that has it, counts as an import:
 * so do programs that tests start. `others` are the files of the project that are not sources.
 */
export function importGraph(sources: ReadonlyMap<string, Source>, others: ReadonlySet<string>): Graph {
  const neededBy = new Map<string, Set<string>>();
  const enteredBy = new Map<string, Set<string>>();
  const link = (map: Map<string, Set<string>>, to: string, from: string) =>
    map.get(to)?.add(from) ?? map.set(to, new Set([from]));

  const exported = new Map<string, Exports>();
  /** The file that has what `file` exports by this name; undefined when it does not export it. */
  const originOf = (file: string, name: string, seen: ReadonlySet<string>): string | undefined => {
    const source = sources.get(file);
    if (!source || seen.has(file)) return undefined;
    const exports = exported.get(file) ?? exportsOf(source);
    exported.set(file, exports);
    const { own, named, whole } = exports;
    if (own.has(name)) return file;
    const below = new Set([...seen, file]);
    const origin: HandedOn | undefined = named.get(name);
    if (origin) {
      const target = resolveImport(file, origin.specifier);
      if (target === undefined || origin.name === undefined) return target;
      return originOf(target, origin.name, below) ?? target;
    }
    for (const specifier of whole) {
      const target = resolveImport(file, specifier);
      const found = target === undefined ? undefined : originOf(target, name, below);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  for (const [path, source] of sources) {
    for (const { specifier, names, typeOnly } of importsOf(source)) {
      const target = resolveImport(path, specifier);
      if (target === undefined || typeOnly) continue;
      if (names === "all") link(neededBy, target, path);
      else {
        for (const name of names) {
          const origin: string = originOf(target, name, new Set()) ?? target;
          link(neededBy, origin, path);
          if (origin !== target) link(enteredBy, target, path);
        }
      }
    }
    for (const [, text] of source.text.matchAll(/["'`]([\w.@/-]+)["'`]/g)) {
      for (const target of [posix.normalize(text!), posix.join(posix.dirname(path), text!)]) {
        if (target !== path && (others.has(target) || sources.has(target))) link(neededBy, target, path);
      }
    }
  }
  link(neededBy, "src/cli/entry.ts", "bin/knarr");
  return { neededBy, enteredBy };
}

/** Changes of these can break anything. */
const CONCERNS_ALL =
  /^(package\.json|package-lock\.json|scripts\/(setup\.mjs|test-seed\.ts|test\/counterexample\.ts))$/;
/** What `npm run generate` reads; what it writes is part of the room. */
const GENERATES = /^(src\/objects\/facts|scripts\/generate)\//;

/** The files that need what changed, with how many imports away they are. */
export function affectedBy(changed: readonly string[], graph: Graph, files: readonly string[]): Map<string, number> {
  const distances = new Map<string, number>();
  let reached: string[] = [];
  const reach = (file: string, distance: number) => {
    if (distances.has(file)) return;
    distances.set(file, distance);
    reached.push(file);
  };
  for (const file of changed) reach(file, 0);
  for (const file of changed) for (const other of graph.enteredBy.get(file) ?? []) reach(other, 1);
  if (changed.some((file) => GENERATES.test(file))) {
    for (const file of files) if (file.startsWith("src/objects/generated/")) reach(file, 1);
  }
  while (reached.length > 0) {
    const layer = reached;
    reached = [];
    for (const file of layer) {
      for (const other of graph.neededBy.get(file) ?? []) reach(other, distances.get(file)! + 1);
    }
  }
  if (changed.some((file) => CONCERNS_ALL.test(file))) for (const file of files) reach(file, Number.MAX_SAFE_INTEGER);
  return distances;
}

export interface Lane {
  readonly chosen: readonly string[];
  readonly leftOut: readonly string[];
}

/** As many test files as are expected to end in time, the most directly affected first, of equals the shortest. */
export function withinBudget(
  tests: readonly string[],
  distances: ReadonlyMap<string, number>,
  durations: Durations,
  seconds: number,
  workers: number,
): Lane {
  const cost = (file: string) => expectedSeconds(file, durations);
  const affected = tests
    .filter((file) => distances.has(file))
    .sort((a, b) => distances.get(a)! - distances.get(b)! || cost(a) - cost(b) || (a < b ? -1 : 1));
  const chosen: string[] = [];
  const leftOut: string[] = [];
  const estimate = new Estimate(workers);
  for (const file of affected) {
    if (estimate.endOf(file, cost(file)) > seconds) leftOut.push(file);
    else {
      estimate.add(file, cost(file));
      chosen.push(file);
    }
  }
  return { chosen, leftOut };
}
