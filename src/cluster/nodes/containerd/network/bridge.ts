import { messageOf } from "#base";
import { runCommand } from "#programs";
import { ensureBridge } from "#proxy";
import { bridgeOf, gatewayBlockOf, SHARED_BRIDGE, type NodeNetwork } from "./network.ts";

const ip = (...args: string[]) => runCommand("ip", args);

/** What the kernel keeps beside a link's name: at most 255 bytes. */
const MAX_ALIAS_BYTES = 255;

/**
 * Sees to it that the bridge that Pods are plugged into is up with the gateway's address, before there is a Pod: what
 * Pods talk to on this machine (the API server, DNS) listens there. It says whose it is, and always has the same
 * hardware address: Pods that it is made anew for know it by that. Resolves to whether it was not there before.
 */
export async function ensureNodeBridge(network: NodeNetwork, dataDir: string): Promise<boolean> {
  return ensureBridge(runCommand, {
    name: bridgeOf(network),
    gateway: gatewayBlockOf(network),
    // Of those that are administered locally.
    hardwareAddress: `02:6b:${network.id.match(/../g)!.join(":")}`,
    alias: Buffer.from(dataDir).subarray(0, MAX_ALIAS_BYTES).toString(),
  });
}

/** Gives the bridge of an earlier version its new name, with all the Pods that are plugged into it. */
export async function takeOverBridge(network: NodeNetwork): Promise<void> {
  const rename = () => ip("link", "set", "dev", SHARED_BRIDGE, "name", bridgeOf(network));
  // Kernels before 6.2 rename only what is down.
  await rename().catch(async () => {
    await ip("link", "set", "dev", SHARED_BRIDGE, "down");
    await rename();
  });
}

/** Plugs those of the links that no bridge has into this one, as the CNI plugin does. */
export async function plugIn(bridge: string, links: ReadonlySet<string>): Promise<readonly string[]> {
  if (links.size === 0) return [];
  const listed = await ip("-json", "link", "show", "type", "veth");
  const veths = JSON.parse(listed.trim() || "[]") as readonly { readonly ifname: string; readonly master?: string }[];
  const loose = veths.filter(({ ifname, master }) => links.has(ifname) && master === undefined);
  for (const { ifname } of loose) {
    await ip("link", "set", "dev", ifname, "master", bridge);
    // A Pod may reach itself through a Service.
    await ip("link", "set", "dev", ifname, "type", "bridge_slave", "hairpin", "on");
    await ip("link", "set", "dev", ifname, "up");
  }
  return loose.map(({ ifname }) => ifname);
}

/** Whether anything is plugged into a bridge. */
export async function isInUse(bridge: string): Promise<boolean> {
  const listed = await ip("-json", "link", "show", "master", bridge).catch(() => "");
  return (JSON.parse(listed.trim() || "[]") as readonly object[]).some((link) => Object.keys(link).length > 0);
}

/** Takes a bridge away, and with it its address. */
export async function removeBridge(name: string): Promise<void> {
  try {
    await ip("link", "delete", "dev", name);
  } catch (error) {
    if (!/Cannot find device/.test(messageOf(error))) throw error;
  }
}
