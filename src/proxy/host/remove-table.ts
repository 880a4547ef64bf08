import { runCommand, type RunCommand } from "#programs";
import { forgetForwarding } from "./forwarding.ts";

export interface RemoveTableOptions {
  readonly run?: RunCommand;
  /** Default `knarr`. */
  readonly table?: string;
  /** The bridge that routes to the service range lead to. Default `knarr0`; the bridge itself stays. */
  readonly bridge?: string;
  readonly serviceCidrs?: readonly string[];
}

/**
 * Takes everything out of the kernel that a proxy has put there, as if it had never been: its tables, its rules
 * in others' tables, its routes. What is not there is no error. Connections that went through them break.
 */
export async function removeTable(options: RemoveTableOptions = {}): Promise<void> {
  const { run = runCommand, table = "knarr", bridge = "knarr0", serviceCidrs = [] } = options;
  await forgetForwarding(run, bridge);
  for (const family of ["ip", "ip6", "bridge"]) {
    // Added first: only what is there can be deleted. A kernel may not have the family at all.
    await run("nft", ["-f", "-"], `add table ${family} ${table}\ndelete table ${family} ${table}\n`).catch(() => {});
  }
  for (const block of serviceCidrs) {
    const family = block.includes(":") ? "-6" : "-4";
    await run("ip", [family, "route", "del", block, "dev", bridge]).catch(() => {});
  }
}
