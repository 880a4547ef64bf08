import { readFile } from "node:fs/promises";
import type { SharedCaches } from "#client";
import { ensureDnsService, parseResolvConf, startDns } from "#dns";
import type { NodesContext } from "#composition";
import { CLUSTER_DOMAIN, clusterDnsOf, gatewayOf, type NodeNetwork } from "./network/network.ts";

const DNS_PORT = 53;

/** Serves the cluster's DNS where pods reach this machine, and keeps the Service that leads to it. */
export async function serveDns(network: NodeNetwork, caches: SharedCaches, context: NodesContext): Promise<void> {
  const { client, clock, random, log, scope } = context;
  const resolvConf = await readFile("/etc/resolv.conf", "utf8").catch(() => "");
  const { address, port } = await startDns({
    caches,
    clock,
    random,
    log,
    scope,
    listen: { address: gatewayOf(network), port: DNS_PORT },
    clusterDomain: CLUSTER_DOMAIN,
    upstreams: parseResolvConf(resolvConf),
  });
  ensureDnsService({ client, caches, clock, log, scope, clusterIps: [clusterDnsOf(network)], address, port });
}
