import { watch, type FSWatcher } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { every, type Clock, type Log } from "#base";
import { ifThere } from "../linux/errors.ts";

/** A socket that a plugin registers itself by. */
export interface PluginSocket {
  readonly path: string;
  /** Another when the plugin has made it anew, at the same path. */
  readonly id: string;
}

/** A look each so often, in case the directory does not tell. */
const LOOK_MS = 5_000;
/** Side-cars make a folder of their own there, at most. */
const DEPTH = 2;

/** Which sockets have come and which have gone; one that was made anew has done both. */
export function compareSockets(before: readonly PluginSocket[], now: readonly PluginSocket[]) {
  const without = (list: readonly PluginSocket[], others: readonly PluginSocket[]) =>
    list.filter(({ path, id }) => !others.some((other) => other.path === path && other.id === id));
  return { gone: without(before, now), come: without(now, before) };
}

export async function socketsIn(directory: string, depth = DEPTH): Promise<readonly PluginSocket[]> {
  const sockets: PluginSocket[] = [];
  for (const name of (await ifThere(readdir(directory))) ?? []) {
    if (name.startsWith(".")) continue;
    const path = join(directory, name);
    const found = await ifThere(stat(path));
    if (found?.isSocket()) sockets.push({ path, id: `${found.dev}:${found.ino}:${found.ctimeMs}` });
    else if (found?.isDirectory() && depth > 1) sockets.push(...(await socketsIn(path, depth - 1)));
  }
  return sockets;
}

/**
 * Tells which sockets are in a directory, now and whenever that may have changed. Returns how to stop. The directory is
 * made, and made again when it goes.
 */
export async function watchSockets(
  directory: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  onLook: (sockets: readonly PluginSocket[]) => void,
): Promise<() => void> {
  let watcher: FSWatcher | undefined;
  let closed = false;
  let looking = false;
  let again = false;
  const stop = () => {
    watcher?.close();
    watcher = undefined;
  };
  const follow = () => {
    stop();
    try {
      watcher = watch(directory, () => void look());
      watcher.on("error", stop);
    } catch (error) {
      log.info("a directory is looked at from time to time only", { directory, error });
    }
  };
  const look = async () => {
    again = true;
    if (looking) return;
    looking = true;
    while (again && !closed) {
      again = false;
      try {
        if ((await mkdir(directory, { recursive: true, mode: 0o750 })) !== undefined || !watcher) follow();
        const sockets = await socketsIn(directory);
        if (!closed) onLook(sockets);
      } catch (error) {
        log.warn("plugins cannot be looked for", { directory, error });
      }
    }
    looking = false;
  };
  await look();
  const timer = every(clock, LOOK_MS, () => void look());
  return () => {
    closed = true;
    timer.cancel();
    stop();
  };
}
