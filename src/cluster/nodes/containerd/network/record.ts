import { readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NodeNetwork } from "./network.ts";

const FILE = "network.json";

/** The network that a data directory's node has had; undefined: none yet, or it cannot be read. */
export function keptNetwork(dataDir: string): NodeNetwork | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, FILE), "utf8")) as NodeNetwork;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

export async function keepNetwork(dataDir: string, network: NodeNetwork): Promise<void> {
  const path = join(dataDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(network, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export const forgetNetwork = (dataDir: string): Promise<void> => rm(join(dataDir, FILE), { force: true });
