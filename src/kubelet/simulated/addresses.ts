/** The range of pods of the n-th node (from 0): 10.244.0.0/24, 10.244.1.0/24 … and on in 10.245 and so forth. */
export function podCidrOf(index: number): string {
  const second = 244 + Math.floor(index / 256);
  // Below 244 for very large clusters: 10.244 to 10.255 hold 3072 nodes.
  return `10.${second <= 255 ? second : 243 - (second - 256)}.${index % 256}.0/24`;
}

/** The address of the n-th node. */
export function nodeAddressOf(index: number): string {
  const host = index + 2;
  return `172.18.${Math.floor(host / 256)}.${host % 256}`;
}

/** Hands out the addresses of a /24, lowest first; what is given back is used again last. */
export function createAddressPool(cidr: string): {
  take(wanted?: string): string | undefined;
  release(ip: string): void;
} {
  const prefix = cidr.slice(0, cidr.lastIndexOf(".") + 1);
  const free = new Set(Array.from({ length: 253 }, (_, i) => `${prefix}${i + 2}`));
  return {
    take(wanted) {
      const ip = wanted !== undefined && free.has(wanted) ? wanted : free.values().next().value;
      if (ip !== undefined) free.delete(ip);
      return ip;
    },
    release(ip) {
      if (ip.startsWith(prefix)) free.add(ip);
    },
  };
}
