import { assert } from "#base";
import { formatIp, parseCidr, parseIp, type IpBlock } from "#objects";

export type Family = "IPv4" | "IPv6";

export interface ServiceOptions {
  /** The network that cluster IPs come from; a second one of the other family, after a comma, makes the cluster dual-stack. */
  readonly serviceCidr?: string;
  /** `30000-32767`, both included. */
  readonly nodePortRange?: string;
}

export interface ServiceNetworks {
  /** In order of preference. */
  readonly families: readonly Family[];
  readonly blocks: ReadonlyMap<Family, IpBlock>;
  readonly nodePorts: { readonly first: number; readonly last: number };
}

export const DEFAULT_SERVICE_CIDR = "10.96.0.0/12";
export const DEFAULT_NODE_PORT_RANGE = "30000-32767";

/** The family of an address, if it is one. */
export function familyOf(ip: string): Family | undefined {
  const address = parseIp(ip);
  return address && (address.family === 4 ? "IPv4" : "IPv6");
}

/** Throws an Error when an option cannot be understood. */
export function serviceNetworks(options: ServiceOptions): ServiceNetworks {
  const { serviceCidr = DEFAULT_SERVICE_CIDR, nodePortRange = DEFAULT_NODE_PORT_RANGE } = options;
  const blocks = new Map<Family, IpBlock>();
  for (const text of serviceCidr.split(",")) {
    const block = parseCidr(text.trim());
    if (!block) throw new Error(`not a network: ${JSON.stringify(text)}`);
    blocks.set(block.base.family === 4 ? "IPv4" : "IPv6", block);
  }
  const match = /^(\d+)-(\d+)$/.exec(nodePortRange);
  if (!match) throw new Error(`not a range of ports: ${JSON.stringify(nodePortRange)}`);
  const nodePorts = { first: Number(match[1]), last: Number(match[2]) };
  assert(nodePorts.first <= nodePorts.last, "the first node port is not above the last");
  return { families: [...blocks.keys()], blocks, nodePorts };
}

/** The first address of each network: the API server's own Service. */
export const firstServiceIps = (serviceCidr: string): string[] =>
  [...serviceNetworks({ serviceCidr }).blocks.values()].map(({ base }) =>
    formatIp({ family: base.family, bits: base.bits + 1n }),
  );
