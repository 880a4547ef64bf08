import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { run } from "../run.ts";
import { dependenciesOf, unpackedPackage, unpackedPackages } from "../packages.ts";
import type { TarEntry } from "#kubelet/containerd";

/** Debian keeps libraries in folders by the machine's kind: usr/lib/x86_64-linux-gnu. */
const LIBRARY_FOLDERS = "{lib,usr/lib}/*-linux-*";
const LOADERS = "{lib,lib64,usr/lib,usr/lib64}/ld-linux*.so.*";
const MAX_ROUNDS = 6;

/**
 * The dynamic loader and every shared library that the programs need, taken from the packages that theirs depends on.
 * The loader itself tells what is needed, so nothing is guessed and nothing more comes along.
 */
export async function sharedLibraries(packageName: string, programs: readonly string[]): Promise<TarEntry[]> {
  const origin = new Map<string, string>();
  const add = async (names: readonly string[]) => {
    for (const [name, folder] of await unpackedPackages(names)) origin.set(name, folder);
  };
  await add([packageName, "libc6"]);
  let toFollow = [packageName];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const needed = await listNeeded(programs, [...origin.values()]);
    if (needed.missing.length === 0) return entriesOf(needed.found, origin.get("libc6")!);
    // First what the package asks for, then what those packages ask for that turned out to be needed.
    const asked = await dependenciesOf(toFollow);
    const fresh = asked.filter((name) => /^(?:lib|zlib)/.test(name) && !origin.has(name));
    if (fresh.length === 0) {
      throw new Error(`no package that ${packageName} depends on has ${needed.missing.join(", ")}`);
    }
    await add(fresh);
    const then = await listNeeded(programs, [...origin.values()]);
    toFollow = fresh.filter((name) => then.found.some((path) => path.startsWith(`${origin.get(name)}/`)));
  }
  throw new Error(`the libraries of ${packageName} do not come to an end`);
}

/** A library that no program lists: programs with threads load it when one of them ends. */
export async function threadLibrary(): Promise<TarEntry> {
  const folder = await unpackedPackage("libgcc-s1");
  const [path] = globSync("{lib,usr/lib}/*-linux-*/libgcc_s.so.1", { cwd: folder });
  if (!path) throw new Error("libgcc-s1 has no libgcc_s.so.1");
  const kind = basename(dirname(path));
  return {
    type: "file",
    path: `usr/lib/${kind}/${basename(path)}`,
    mode: 0o755,
    content: readFileSync(join(folder, path)),
  };
}

interface Needed {
  /** Files on this machine. */
  readonly found: readonly string[];
  /** `libssl.so.3` */
  readonly missing: readonly string[];
}

async function listNeeded(programs: readonly string[], roots: readonly string[]): Promise<Needed> {
  const folders = roots.flatMap((root) => globSync(LIBRARY_FOLDERS, { cwd: root }).map((path) => join(root, path)));
  const loader = folders.flatMap((folder) =>
    globSync("ld-linux*.so.*", { cwd: folder }).map((n) => join(folder, n)),
  )[0];
  if (!loader) throw new Error("libc6 has no dynamic loader for this machine");
  const found = new Set<string>();
  const missing = new Set<string>();
  for (const program of programs) {
    // As ldd does it: the loader lists, and says of each whether it is there, instead of starting the program.
    const args = ["--inhibit-cache", "--library-path", folders.join(":"), program];
    const { stdout, stderr } = await run(loader, args, { env: { LD_TRACE_LOADED_OBJECTS: "1" } });
    for (const [, name, path] of stdout.matchAll(/^\s*(\S+) => (not found|\/\S+)/gm)) {
      if (path === "not found") missing.add(name!);
      else if (roots.some((root) => path!.startsWith(`${root}/`))) found.add(path!);
      else missing.add(basename(name!));
    }
    if (stdout === "") throw new Error(`${program} cannot be read: ${stderr}`);
  }
  return { found: [...found].sort(), missing: [...missing] };
}

function entriesOf(libraries: readonly string[], libc: string): TarEntry[] {
  // By the name that programs ask for, in the loader's own list of folders.
  const files = libraries
    .filter((path) => !basename(path).startsWith("ld-linux"))
    .map((path): TarEntry => {
      const kind = basename(dirname(path));
      return { type: "file", path: `usr/lib/${kind}/${basename(path)}`, mode: 0o755, content: readFileSync(path) };
    });
  // Programs name the loader by its full path, which libc6 has a link for.
  const [loader] = globSync("{lib,usr/lib}/*-linux-*/ld-linux*.so.*", { cwd: libc });
  const names = globSync(LOADERS, { cwd: libc });
  return [
    ...names.map((name): TarEntry => ({
      type: "file",
      path: name.replace(/^usr\//, ""),
      mode: 0o755,
      content: readFileSync(join(libc, loader!)),
    })),
    ...files,
  ];
}
