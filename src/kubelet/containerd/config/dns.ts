import type { Pod } from "#objects";

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface ClusterDns {
  readonly servers: readonly string[];
  /** `cluster.local` */
  readonly domain: string;
}

const NOTHING: DnsConfig = { servers: [], searches: [], options: [] };

const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;
const MAX_NAME = 253;

/**
 * What `/etc/resolv.conf` of a pod says, by its policy (upstream Configurer.GetPodDNS). `warnings` are texts of Events
 * with the reason DNSConfigForming or, where the cluster has no DNS, MissingClusterDNS.
 */
export function podDns(
  pod: Pod,
  cluster: ClusterDns,
  node: DnsConfig,
): { readonly dns: DnsConfig; readonly warnings: readonly string[] } {
  const base = baseOf(pod, cluster, node);
  const own = pod.spec?.dnsConfig;
  const merged: DnsConfig = own
    ? {
        servers: unique([...base.servers, ...(own.nameservers ?? [])]),
        searches: unique([...base.searches, ...(own.searches ?? [])]),
        options: mergedOptions(base.options, own.options ?? []),
      }
    : base;
  return limited(merged);
}

function baseOf({ metadata, spec }: Pod, cluster: ClusterDns, node: DnsConfig): DnsConfig {
  const { dnsPolicy = "ClusterFirst", hostNetwork = false } = spec ?? {};
  if (dnsPolicy === "None") return NOTHING;
  const ofCluster = dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork);
  // Without a cluster DNS there is nothing better than the node's.
  if (!ofCluster || cluster.servers.length === 0) return node;
  const { domain } = cluster;
  const searches = domain ? [`${metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain] : [];
  return { servers: cluster.servers, searches: unique([...searches, ...node.searches]), options: ["ndots:5"] };
}

/** The pod's own count: each option once, in the order of its first mention. */
function mergedOptions(
  base: readonly string[],
  own: readonly { readonly name?: string; readonly value?: string }[],
): readonly string[] {
  const options = new Map<string, string>();
  for (const option of base) {
    const at = option.indexOf(":");
    options.set(at < 0 ? option : option.slice(0, at), at < 0 ? "" : option.slice(at + 1));
  }
  for (const { name = "", value = "" } of own) options.set(name, value);
  return [...options].map(([name, value]) => (value ? `${name}:${value}` : name));
}

/** Resolvers take no more than this. */
function limited({ servers, searches, options }: DnsConfig): {
  readonly dns: DnsConfig;
  readonly warnings: readonly string[];
} {
  const warnings: string[] = [];
  const fewServers = servers.slice(0, MAX_SERVERS);
  if (fewServers.length < servers.length) {
    warnings.push(
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${fewServers.join(" ")}`,
    );
  }
  const fewSearches = searches.slice(0, MAX_SEARCHES).filter((name) => name.length <= MAX_NAME);
  while (fewSearches.join(" ").length > MAX_SEARCH_CHARACTERS) fewSearches.pop();
  if (fewSearches.length < searches.length) {
    warnings.push(
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${fewSearches.join(" ")}`,
    );
  }
  return { dns: { servers: fewServers, searches: fewSearches, options }, warnings };
}

/** What a `resolv.conf` says (upstream parseResolvConf): the last `search` counts, options add up. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [key, ...values] = line.trim().split(/\s+/);
    if (key === "nameserver" && values[0]) servers.push(values[0]);
    else if (key === "search") searches = values.filter((name) => name !== ".").map((name) => name.replace(/\.$/, ""));
    else if (key === "options") for (const option of values) options.set(option.split(":")[0]!, option);
  }
  return { servers, searches, options: [...options.values()] };
}

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];
