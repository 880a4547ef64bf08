import { messageOf } from "#base";
import { runCommand } from "#programs";

const ip = (...args: string[]) => runCommand("ip", args);

/** The bridge that the pods of this machine are plugged into; the CNI plugin finds it there. */
export const BRIDGE = "knarr0";

/**
 * Sees to it that the bridge is up with the gateway's address, before there is a pod: what pods talk to on this
 * machine (the API server, DNS) listens there. `address`: with its prefix, `10.244.0.1/24`. Resolves to whether it
 * was not there before.
 */
export async function ensureBridge(address: string): Promise<boolean> {
  const isThere = await ip("link", "show", "dev", BRIDGE).then(
    () => true,
    () => false,
  );
  if (!isThere) await ip("link", "add", "name", BRIDGE, "type", "bridge");
  await ip("address", "replace", address, "dev", BRIDGE);
  await ip("link", "set", "dev", BRIDGE, "up");
  return !isThere;
}

/** Takes the bridge away, and with it the address. */
export async function removeBridge(): Promise<void> {
  try {
    await ip("link", "delete", "dev", BRIDGE);
  } catch (error) {
    if (!/Cannot find device/.test(messageOf(error))) throw error;
  }
}
