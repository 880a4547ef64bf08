import { formatIp, parseIp, type EndpointSlice } from "#objects";
import { hostPort } from "./addresses.ts";
import type { Family, Target } from "./model.ts";

/** An endpoint of a Service port, as a node sees it. */
export interface ProxyEndpoint extends Target {
  /** On this node. */
  readonly local: boolean;
  /** Ready and not about to end (or its readiness does not matter to the Service). */
  readonly ready: boolean;
  /** Ready, be it about to end or not. */
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zones: readonly string[];
  readonly nodes: readonly string[];
}

const ADDRESS_TYPE: Readonly<Record<Family, string>> = { ip: "IPv4", ip6: "IPv6" };

/** The name under which {@link endpointsByPort} files a port. */
export const portKey = (name: string | undefined, protocol: string | undefined): string =>
  `${protocol ?? "TCP"}/${name ?? ""}`;

/**
 * The endpoints of a Service by port, sorted by address. An address that is in several slices, or belongs to a
 * pod that ends and to its successor, counts once, and rather as the one that does not end (upstream
 * pkg/proxy/endpointslicecache.go).
 */
export function endpointsByPort(
  slices: Iterable<EndpointSlice>,
  family: Family,
  nodeName: string,
): ReadonlyMap<string, readonly ProxyEndpoint[]> {
  const byPort = new Map<string, Map<string, ProxyEndpoint>>();
  // The caches hand slices out in no order; which of two wins must not depend on it.
  const sorted = [...slices].sort((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
  for (const slice of sorted) {
    if (slice.addressType !== ADDRESS_TYPE[family]) continue;
    for (const { name, port, protocol } of slice.ports ?? []) {
      if (!port) continue;
      const key = portKey(name, protocol);
      const known = byPort.get(key) ?? new Map<string, ProxyEndpoint>();
      byPort.set(key, known);
      for (const { addresses, conditions, hints, nodeName: node } of slice.endpoints ?? []) {
        const address = parseIp(addresses[0] ?? "");
        if (!address) continue;
        const ip = formatIp(address);
        const terminating = conditions?.terminating === true;
        if (terminating && known.has(hostPort(ip, port))) continue;
        known.set(hostPort(ip, port), {
          ip,
          port,
          local: node === nodeName,
          ready: conditions?.ready !== false,
          serving: conditions?.serving !== false,
          terminating,
          zones: hints?.forZones?.map((zone) => zone.name) ?? [],
          nodes: hints?.forNodes?.map((other) => other.name) ?? [],
        });
      }
    }
  }
  return new Map(
    [...byPort].map(([key, endpoints]) => [
      key,
      [...endpoints].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint),
    ]),
  );
}

/** How many addresses on the node are ready to take traffic of the Service. */
export function localReadyEndpoints(slices: Iterable<EndpointSlice>, nodeName: string): number {
  const ips = new Set<string>();
  for (const { endpoints } of slices) {
    for (const { nodeName: node, conditions, addresses } of endpoints ?? []) {
      if (node === nodeName && conditions?.ready !== false) ips.add(addresses[0] ?? "");
    }
  }
  return ips.size;
}
