import { machineAddress } from "#kubelet/containerd";
import { runCommand } from "#programs";
import { StartError } from "../../../options.ts";
import { EARLIER_TABLE, SHARED_BRIDGE, type NodeNetwork } from "./network.ts";
import type { FoundBridge, FoundRoute, Observed } from "./plan.ts";
import { keptNetwork } from "./record.ts";

interface Link {
  readonly ifname: string;
  readonly ifalias?: string;
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

/** Looks at the network namespace that this process is in. */
export async function observeNetwork(): Promise<Observed> {
  const [links, routes, tables, address] = await Promise.all([
    json<Link>("ip", "-json", "link", "show", "type", "bridge"),
    json<Route>("ip", "-json", "-4", "route", "show"),
    runCommand("nft", ["list", "tables"]),
    machineAddress(),
  ]);
  return {
    bridges: links.filter(({ ifname }) => ifname === SHARED_BRIDGE || ifname.startsWith("knarr-")).map(foundBridge),
    routes: routes.flatMap(foundRoute),
    earlierTable: tables.split("\n").includes(`table ip ${EARLIER_TABLE}`),
    machineAddress: address,
  };
}

async function json<T>(program: string, ...args: readonly string[]): Promise<readonly T[]> {
  return JSON.parse((await runCommand(program, args)).trim() || "[]") as readonly T[];
}

function foundBridge({ ifname: name, ifalias: owner }: Link): FoundBridge {
  if (!owner) return { name };
  const network = networkOfOther(owner);
  return { name, owner, ...(network ? { network } : {}) };
}

/** What cannot be read of another cluster is its own trouble: it is supposed to have the usual network. */
function networkOfOther(owner: string): NodeNetwork | undefined {
  try {
    return keptNetwork(owner);
  } catch (error) {
    if (error instanceof StartError) return undefined;
    throw error;
  }
}

/** A route to one address has no length. */
const foundRoute = ({ dst, dev }: Route): FoundRoute[] =>
  dst === "default" || dev === undefined ? [] : [{ to: dst.includes("/") ? dst : `${dst}/32`, device: dev }];
