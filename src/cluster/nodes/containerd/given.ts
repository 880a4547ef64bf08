import { access } from "node:fs/promises";
import { commandFor } from "../../data-dir/command-line.ts";
import { dataFile, hasTexts } from "../../data-dir/files.ts";
import { StartError } from "../../options.ts";
import type { NodeFolders } from "./folders.ts";

const FILE = dataFile<{ readonly socket: string }>("containerd.json", {
  expected: 'the socket of a containerd: {"socket":"/run/containerd/containerd.sock"}',
  isValid: (value) => hasTexts(value, "socket"),
  without: "what the cluster has left on that containerd is then not found",
});

/**
 * The socket of the containerd that this cluster's containers run on; undefined: its own, or none yet.
 *
 * @throws StartError when the note of it is damaged.
 */
export const givenSocket = ({ dataDir }: NodeFolders): string | undefined => FILE.read(dataDir)?.socket;

/** Remembers where the containers run, so that they are found there also without the option. */
export const rememberSocket = ({ dataDir }: NodeFolders, socket: string): Promise<void> =>
  FILE.write(dataDir, { socket });

/**
 * Containers stay where they are: a cluster that has some in one containerd is not started on another.
 * `socket`: of the containerd asked for; undefined: the cluster's own.
 *
 * @throws StartError
 */
export async function checkSameContainerd(folders: NodeFolders, socket: string | undefined): Promise<void> {
  const before = givenSocket(folders);
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
