import { isIP } from "node:net";

/** A resolver outside the cluster. */
export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/** As many as CoreDNS' forward takes. */
const MAX_UPSTREAMS = 15;

/** The servers of a resolv.conf, in order, each once; lines that are not understood count for nothing. */
export function parseResolvConf(text: string): Upstream[] {
  const found = new Set<string>();
  for (const line of text.split("\n")) {
    const [, address] = /^\s*nameserver\s+(\S+)/.exec(line) ?? [];
    // A scope (fe80::1%eth0) belongs to the address.
    if (address !== undefined && isIP(address) !== 0) found.add(address);
  }
  return [...found].slice(0, MAX_UPSTREAMS).map((address) => ({ address, port: 53 }));
}

/** Without those that are this server itself: what it asked them would come back for ever. */
export function withoutOurselves(upstreams: readonly Upstream[], ours: readonly Upstream[]): Upstream[] {
  return upstreams.filter(
    ({ address, port }) => !ours.some((own) => own.port === port && isSame(own.address, address)),
  );
}

const isSame = (own: string, address: string) =>
  own === address ||
  // Listening everywhere is listening there too, as far as that can be known: on the loopback.
  ((own === "0.0.0.0" || own === "::") && (address.startsWith("127.") || address === "::1"));
