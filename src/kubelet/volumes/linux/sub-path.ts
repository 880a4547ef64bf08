import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, readFile, realpath, rm, stat, writeFile, type FileHandle } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { hasCode, ifThere } from "./errors.ts";
import { mountAt } from "./mount-info.ts";
import type { Mounter } from "./mounter.ts";

/** Opens what a name stands for, whatever that is, without doing anything with it (open(2); not among Node's constants). */
const O_PATH = 0o10000000;
const NO_FOLLOW = constants.O_NOFOLLOW | O_PATH;
const PERMISSIONS = 0o7777;

/** Where an open file is found by name: for this process, and for any other. */
const pathOf = ({ fd }: FileHandle) => `/proc/${process.pid}/fd/${fd}`;

const isWithin = (path: string, base: string) => path === base || path.startsWith(base === "/" ? "/" : `${base}/`);

/**
 * Makes a directory in a volume, with all that leads to it and with the mode of the volume, unless it is there. Nothing
 * is made outside of the volume, whatever links its users put into it. Rejects with an Error.
 */
export async function makeSubPath(volumePath: string, subPath: string): Promise<void> {
  const base = await realpath(volumePath);
  const target = join(base, subPath);
  if (!isWithin(target, base)) throw new Error(`path ${target} is outside of allowed base ${base}`);
  if (await ifThere(stat(target))) return;
  const mode = (await stat(base)).mode & PERMISSIONS;
  const { existing, missing } = await existingPart(base, subPath);
  let parent = await openWithin(await realpath(existing), base);
  try {
    for (const name of missing) {
      // Through the open parent, so that no process can put a link in its place meanwhile.
      await mkdir(join(pathOf(parent), name));
      const child = await open(join(pathOf(parent), name), NO_FOLLOW);
      await parent.close();
      parent = child;
      await chmod(pathOf(parent), mode);
    }
  } finally {
    await parent.close();
  }
}

/** How far a path leads, links followed, and what is missing from there on. */
async function existingPart(base: string, subPath: string) {
  const names = subPath.split("/").filter((name) => name !== "" && name !== ".");
  let existing = base;
  for (const [at, name] of names.entries()) {
    const next = join(existing, name);
    if (!(await ifThere(stat(next)))) return { existing, missing: names.slice(at) };
    existing = next;
  }
  return { existing, missing: [] };
}

/** Opens a path without links by one name after the other, so that none can be put in between. */
async function openWithin(path: string, base: string): Promise<FileHandle> {
  if (!isWithin(path, base)) throw new Error(`path ${path} is outside of allowed base ${base}`);
  let current = await open(base, NO_FOLLOW);
  try {
    for (const name of relative(base, path).split("/").filter(Boolean)) {
      const child = await open(join(pathOf(current), name), NO_FOLLOW);
      await current.close();
      current = child;
      if ((await current.stat()).isSymbolicLink()) throw new Error(`unexpected symlink found in ${path}`);
    }
    return current;
  } catch (error) {
    await current.close();
    throw error;
  }
}

/**
 * Binds a file or directory of a volume to a place that the volume's users cannot reach, and returns that. Done
 * already, it stays; what is bound there but is something else by now is replaced. Rejects with an Error.
 */
export async function bindSubPath(
  mounter: Mounter,
  volumePath: string,
  subPath: string,
  target: string,
): Promise<string> {
  const base = await realpath(volumePath);
  const source = await openWithin(await realpath(join(base, subPath)), base);
  try {
    const wanted = await source.stat();
    if (mountAt(await mounter.list(), target)) {
      const bound = await lstat(target);
      if (bound.ino === wanted.ino && bound.dev === wanted.dev) return target;
      await mounter.unmountUnder(target);
    }
    await makeTarget(target, wanted.isDirectory());
    await mounter.bind(pathOf(source), target);
    return target;
  } finally {
    await source.close();
  }
}

/** The text of a regular file in a volume. Rejects with an Error. */
export async function readWithin(volumePath: string, path: string, maxBytes: number): Promise<string> {
  const base = await realpath(volumePath);
  const file = await openWithin(await realpath(join(base, path)), base);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new Error(`${path} is not a file`);
    if (found.size > maxBytes) throw new Error(`${path} has more than ${maxBytes} bytes`);
    return await readFile(pathOf(file), "utf8");
  } finally {
    await file.close();
  }
}

/** Something of the same kind to bind to: a directory, or a file, which does for everything else. */
async function makeTarget(target: string, isDirectory: boolean): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  const found = await ifThere(lstat(target));
  if (found && found.isDirectory() !== isDirectory) await rm(target, { recursive: true });
  if (!isDirectory) return writeFile(target, "", { mode: 0o640 });
  await mkdir(target, { mode: 0o750 }).catch((error: unknown) => {
    if (!hasCode(error, "EEXIST")) throw error;
  });
}
