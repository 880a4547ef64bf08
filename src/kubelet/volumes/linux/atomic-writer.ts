import {
  chmod,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { checkPayload, type Payload } from "../payload/payload.ts";
import { hasCode, ifThere } from "./errors.ts";

const DATA = "..data";
const NEW_DATA = "..data_tmp";
/** Names that only this writer makes: `..2026_01_01_00_00_00.x7Gh2k`. */
const TIMESTAMPED = /^\.\.\d{4}(?:_\d\d){5}\./;

export interface WriteOptions {
  /** Milliseconds since the epoch: names the new directory. */
  readonly now: number;
  /** Called before what was written is seen. */
  readonly beforeSwap?: () => Promise<void>;
}

/** Whether the volume has been written at all. */
export const isWritten = async (dir: string): Promise<boolean> =>
  (await ifThere(readlink(join(dir, DATA)))) !== undefined;

/**
 * Makes a directory hold exactly these files, all at once: readers see either what was there before or what is now
 * (upstream AtomicWriter). Every visible name is a link to `..data/<name>`, and `..data` a link to a directory of
 * the time of writing; swapping that one link changes everything. What is as it should be is not written again.
 */
export async function writeAtomically(dir: string, given: Payload, options: WriteOptions): Promise<void> {
  const payload = checkPayload(given);
  const old = await ifThere(readlink(join(dir, DATA)));
  const before = old === undefined ? undefined : await pathsIn(join(dir, old));
  const stale = [...(before ?? [])].filter((path) => !covers(payload, path));
  const changed = !before || stale.length > 0 || (await differs(join(dir, old!), payload));

  if (changed) {
    const fresh = await writeAnew(dir, payload, options);
    await rm(join(dir, NEW_DATA), { force: true });
    await symlink(fresh, join(dir, NEW_DATA));
    await rename(join(dir, NEW_DATA), join(dir, DATA));
  }
  await linkVisible(dir, payload);
  for (const path of stale) if (!path.includes("/")) await unlinkVisible(join(dir, path));
  await removeOld(dir);
}

/** Whether the path is a file of the payload, or a directory with some of them. */
const covers = (payload: Payload, path: string): boolean =>
  payload.has(path) || [...payload.keys()].some((file) => file.startsWith(`${path}/`));

/** Every file and directory below, by its path from there; undefined when the directory is missing. */
async function pathsIn(dir: string): Promise<ReadonlySet<string> | undefined> {
  const entries = await ifThere(readdir(dir, { recursive: true }));
  return entries && new Set(entries);
}

async function differs(dir: string, payload: Payload): Promise<boolean> {
  for (const [path, { data }] of payload) {
    try {
      if (!(await readFile(join(dir, path))).equals(data)) return true;
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENOTDIR", "EISDIR")) throw error;
      return true;
    }
  }
  return false;
}

/** Returns the name of the directory. */
async function writeAnew(dir: string, payload: Payload, { now, beforeSwap }: WriteOptions): Promise<string> {
  const time = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "_");
  const fresh = await mkdtemp(join(dir, `..${time}.`));
  try {
    await chmod(fresh, 0o755);
    for (const [path, { data, mode, owner }] of payload) {
      const file = join(fresh, path);
      await makeDirectories(dirname(file));
      await writeFile(file, data, { mode: 0o600 });
      if (owner !== undefined) await lchown(file, owner, -1);
      await chmod(file, mode & 0o777);
    }
    await beforeSwap?.();
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
  return basename(fresh);
}

/** Every user may enter them, whatever this process's umask is. */
async function makeDirectories(dir: string): Promise<void> {
  const first = await mkdir(dir, { recursive: true });
  for (let made = dir; first !== undefined && made.length >= first.length; made = dirname(made)) {
    await chmod(made, 0o755);
  }
}

async function linkVisible(dir: string, payload: Payload): Promise<void> {
  for (const [path, { owner }] of payload) {
    const name = path.split("/", 1)[0]!;
    const link = join(dir, name);
    if (await ifThere(lstat(link))) continue;
    await symlink(join(DATA, name), link);
    if (owner !== undefined) await lchown(link, owner, -1);
  }
}

/** Only a link is the writer's: a directory of that name was made for another volume to be mounted in. */
async function unlinkVisible(path: string): Promise<void> {
  const found = await ifThere(lstat(path));
  if (found?.isSymbolicLink()) await rm(path);
}

/** Directories of earlier times, also those that a crash has left. */
async function removeOld(dir: string): Promise<void> {
  const current = await readlink(join(dir, DATA));
  for (const name of await readdir(dir)) {
    if (TIMESTAMPED.test(name) && name !== current) await rm(join(dir, name), { recursive: true, force: true });
  }
}
