import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { TarEntry } from "#kubelet/containerd";

/** Everything below a folder of the machine, as entries of an archive below `to`; sorted, so always the same. */
export function* filesBelow(folder: string, to: string, keep = (_path: string) => true): Generator<TarEntry> {
  for (const name of readdirSync(folder).sort()) {
    const [from, path] = [join(folder, name), join(to, name)];
    if (!keep(path)) continue;
    const stat = lstatSync(from);
    if (stat.isDirectory()) {
      yield { type: "directory", path };
      yield* filesBelow(from, path, keep);
    } else if (stat.isSymbolicLink()) {
      yield { type: "symlink", path, target: readlinkSync(from) };
    } else {
      yield { type: "file", path, mode: stat.mode & 0o777, content: readFileSync(from) };
    }
  }
}

/** The folders that lead to the entries and are not among them, each before what is in it. */
export function withParents(entries: readonly TarEntry[]): TarEntry[] {
  const known = new Set(entries.filter(({ type }) => type === "directory").map(({ path }) => path));
  const parents = new Set<string>();
  for (const { path } of entries) {
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
      const parent = path.slice(0, slash);
      if (!known.has(parent)) parents.add(parent);
    }
  }
  return [...[...parents].sort().map((path): TarEntry => ({ type: "directory", path })), ...entries];
}
