import type { ProxyEndpoint } from "./endpoints.ts";

export interface Categorized {
  /** Where traffic of policy Cluster goes. */
  readonly cluster: readonly ProxyEndpoint[];
  /** Where traffic of policy Local goes. */
  readonly local: readonly ProxyEndpoint[];
  /** Both together. */
  readonly reachable: readonly ProxyEndpoint[];
  /** Whether there is any usable endpoint, be it on another node. */
  readonly any: boolean;
}

export interface Uses {
  readonly usesCluster: boolean;
  readonly usesLocal: boolean;
}

/**
 * Which endpoints get traffic: the ready ones, near ones first if the hints say so; those that are ending but
 * still serve, if none is ready (upstream pkg/proxy/topology.go).
 */
export function categorize(
  endpoints: readonly ProxyEndpoint[],
  { usesCluster, usesLocal }: Uses,
  nodeName: string,
  zone: string | undefined,
): Categorized {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  const draining = endpoints.filter(({ serving, terminating }) => serving && terminating);
  const near = nearby(ready, nodeName, zone);
  const cluster = usesCluster ? orElse(ready.filter(near), draining) : [];
  const local = usesLocal
    ? orElse(
        ready.filter((endpoint) => endpoint.local),
        draining.filter((endpoint) => endpoint.local),
      )
    : [];
  return {
    cluster,
    local,
    reachable: [...new Set([...cluster, ...local])],
    any: cluster.length > 0 || (usesLocal && (ready.length > 0 || draining.length > 0)),
  };
}

const orElse = <T>(first: readonly T[], second: readonly T[]): readonly T[] => (first.length > 0 ? first : second);

/** Hints count only when every ready endpoint has one, and one of them is for here. */
function nearby(
  ready: readonly ProxyEndpoint[],
  nodeName: string,
  zone: string | undefined,
): (endpoint: ProxyEndpoint) => boolean {
  const forNode = (endpoint: ProxyEndpoint) => endpoint.nodes.includes(nodeName);
  if (ready.every(({ nodes }) => nodes.length > 0) && ready.some(forNode)) return forNode;
  const forZone = (endpoint: ProxyEndpoint) => zone !== undefined && endpoint.zones.includes(zone);
  if (ready.every(({ zones }) => zones.length > 0) && ready.some(forZone)) return forZone;
  return () => true;
}
