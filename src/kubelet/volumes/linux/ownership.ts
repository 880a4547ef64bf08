import { chmod, lchown, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

const READ_WRITE = 0o660;
const READ_ONLY = 0o440;
const ENTER = 0o110;
const SET_GID = 0o2000;
const PERMISSIONS = 0o7777;

export interface GroupOwnership {
  readonly gid: number;
  readonly readOnly: boolean;
  /** `OnRootMismatch`: nothing is done when the directory itself is right. */
  readonly policy?: string;
}

/** Gives everything in a directory, and what will be made in it, to a group (upstream VolumeOwnership). */
export async function giveToGroup(dir: string, ownership: GroupOwnership): Promise<void> {
  if (ownership.policy === "OnRootMismatch" && (await isRight(dir, ownership))) return;
  await give(dir, ownership);
}

async function isRight(dir: string, { gid, readOnly }: GroupOwnership): Promise<boolean> {
  const found = await lstat(dir);
  const wanted = (readOnly ? READ_ONLY : READ_WRITE) | ENTER | SET_GID;
  return found.isDirectory() && found.gid === gid && (found.mode & wanted) === wanted;
}

/** What is in a directory before the directory itself: then that is right only when all is. */
async function give(path: string, ownership: GroupOwnership): Promise<void> {
  const found = await lstat(path);
  if (found.isDirectory()) for (const name of await readdir(path)) await give(join(path, name), ownership);
  await lchown(path, -1, ownership.gid);
  // The mode of a link is that of what it leads to.
  if (found.isSymbolicLink()) return;
  const more = (ownership.readOnly ? READ_ONLY : READ_WRITE) | (found.isDirectory() ? SET_GID | ENTER : 0);
  await chmod(path, (found.mode & PERMISSIONS) | more);
}
