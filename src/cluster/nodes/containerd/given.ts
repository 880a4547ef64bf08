import { access, readFile, writeFile } from "node:fs/promises";
import { commandFor } from "../../data-dir/command-line.ts";
import { StartError } from "../../options.ts";
import type { NodeFolders } from "./folders.ts";

/** The socket of the containerd that this cluster's containers run on; undefined: its own, or none yet. */
export async function givenSocket({ given }: NodeFolders): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(given, "utf8")) as { socket: string }).socket;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Remembers where the containers run, so that they are found there also without the option. */
export const rememberSocket = ({ given }: NodeFolders, socket: string): Promise<void> =>
  writeFile(given, `${JSON.stringify({ socket })}\n`, { mode: 0o600 });

/**
 * Containers stay where they are: a cluster that has some in one containerd is not started on another.
 * `socket`: of the containerd asked for; undefined: the cluster's own.
 *
 * @throws StartError
 */
export async function checkSameContainerd(folders: NodeFolders, socket: string | undefined): Promise<void> {
  const before = await givenSocket(folders);
  if (before === socket && socket !== undefined) return;
  if (before !== undefined) {
    throw new StartError(
      `this cluster's containers run on the containerd at ${before}: start it with --containerd-socket ${before}, or remove it with: ${commandFor(folders.dataDir, "down --purge")}`,
    );
  }
  const hasOwn = await access(folders.containerd).then(
    () => true,
    () => false,
  );
  if (socket !== undefined && hasOwn) {
    throw new StartError(
      `this cluster's containers run on a containerd of its own: start it without --containerd-socket, or remove it with: ${commandFor(folders.dataDir, "down --purge")}`,
    );
  }
}
