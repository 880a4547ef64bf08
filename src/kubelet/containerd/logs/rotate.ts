import { rename, rm, stat } from "node:fs/promises";
import { logFiles } from "./files.ts";

export interface RotationPolicy {
  readonly maxBytes: number;
  /** The current one and those before it. */
  readonly maxFiles: number;
}

/** As upstream's kubelet by default (containerLogMaxSize, containerLogMaxFiles). */
export const ROTATION: RotationPolicy = { maxBytes: 10 << 20, maxFiles: 5 };

/**
 * Puts a log aside that has grown too large, and lets the runtime begin a new one (`reopen`). When that does not work
 * everything is as before, and the promise rejects.
 */
export async function rotateLog(
  path: string,
  now: number,
  reopen: () => Promise<void>,
  { maxBytes, maxFiles }: RotationPolicy = ROTATION,
): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found || found.size < maxBytes) return false;
  const rotated = (await logFiles(path)).slice(0, -1);
  // Room for the one that is put aside now.
  for (const file of rotated.slice(0, Math.max(0, rotated.length - (maxFiles - 2)))) await rm(file, { force: true });
  const aside = `${path}.${stamp(now)}`;
  await rename(path, aside);
  try {
    await reopen();
  } catch (error) {
    await rename(aside, path);
    throw error;
  }
  return true;
}

/** `20260101-000000` */
const stamp = (now: number): string =>
  new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
