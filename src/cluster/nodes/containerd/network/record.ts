import { dataFile, hasTexts } from "../../../data-dir/files.ts";
import type { NodeNetwork } from "./network.ts";

const FILE = dataFile<NodeNetwork>("network.json", {
  expected: "the id and the address ranges of a node's network",
  isValid: (value) => hasTexts(value, "id", "pods", "services"),
  without: "the cluster then takes a free network, as a new one does",
});

/**
 * The network that a data directory's node has had; undefined: none yet, or it may not be read by this user.
 *
 * @throws StartError when the note of it is damaged.
 */
export function keptNetwork(dataDir: string): NodeNetwork | undefined {
  try {
    return FILE.read(dataDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return undefined;
    throw error;
  }
}

export const keepNetwork = (dataDir: string, network: NodeNetwork): Promise<void> => FILE.write(dataDir, network);

export const forgetNetwork = (dataDir: string): Promise<void> => FILE.remove(dataDir);
