/** The range of pods of the n-th node (from 0): 10.244.0.0/24, 10.244.1.0/24 … and on in 10.245 and so forth. */
export function podCidrOf(index: number): string {
  const second = 244 + Math.floor(index / 256);
  // Below 244 for very large clusters: 10.244 to 10.255 hold 3072 nodes.
  return `10.${second <= 255 ? second : 243 - (second - 256)}.${index % 256}.0/24`;
}

/** This machine in the network of the nodes, as the gateway of a bridge would have it. */
export const HOST_ADDRESS = "172.18.0.1";

/** The address of the n-th node. */
export function nodeAddressOf(index: number): string {
  const host = index + 2;
  return `172.18.${Math.floor(host / 256)}.${host % 256}`;
}

/** The addresses of one node's pods. */
export interface AddressPool {
  /** An address, this one if it is free; undefined when all are taken. */
  take(wanted?: string): string | undefined;
  release(ip: string): void;
}

const FIRST = 2;
const LAST = 254;

/** Hands out the addresses of a /24, lowest first; what is given back is used again when all have been used. */
export function createAddressPool(cidr: string): AddressPool {
  const prefix = cidr.slice(0, cidr.lastIndexOf(".") + 1);
  const taken = new Set<number>();
  const released = new Set<number>();
  let fresh = FIRST;

  const hostOf = (ip: string): number | undefined => {
    const host = ip.startsWith(prefix) ? Number(ip.slice(prefix.length)) : NaN;
    return Number.isInteger(host) && host >= FIRST && host <= LAST ? host : undefined;
  };
  const next = (): number | undefined => {
    while (taken.has(fresh) || released.has(fresh)) fresh++;
    return fresh <= LAST ? fresh : released.values().next().value;
  };
  return {
    take(wanted) {
      const asked = wanted === undefined ? undefined : hostOf(wanted);
      const host = asked !== undefined && !taken.has(asked) ? asked : next();
      if (host === undefined) return undefined;
      taken.add(host);
      released.delete(host);
      return `${prefix}${host}`;
    },
    release(ip) {
      const host = hostOf(ip);
      if (host !== undefined && taken.delete(host)) released.add(host);
    },
  };
}
