import { sleep } from "#base";
import type { Cache, EventRecorder, SharedCaches } from "#client";
import type { NodeDescription } from "#kubelet";
import { ENDPOINT_SLICES, NODES, SERVICES, type Pod } from "#objects";
import { startProxy } from "#proxy";
import type { NodesContext } from "#composition";
import { BRIDGE } from "./bridge.ts";
import { CLUSTER_CIDR, GATEWAY, GATEWAY_PREFIX, POD_CIDR, SERVICE_CIDR } from "./network.ts";

export interface NodeProxyOptions {
  readonly node: NodeDescription;
  readonly addresses: readonly string[];
  readonly caches: SharedCaches;
  /** Those of this node. */
  readonly pods: Cache<Pod>;
  readonly recorder: EventRecorder;
}

const SERVICES_MS = 5_000;

/**
 * Makes Services work on this node; resolves once they do. Where nft refuses the rules, which has been logged then, it
 * resolves after a while all the same: most of what a node does needs no Service, and the proxy goes on trying.
 */
export async function serveServices(options: NodeProxyOptions, context: NodesContext): Promise<void> {
  const { node, addresses, caches, pods, recorder } = options;
  const { clock, scope, log } = context;
  const proxy = startProxy({
    services: caches.of(SERVICES),
    endpointSlices: caches.of(ENDPOINT_SLICES),
    pods,
    nodes: caches.of(NODES),
    node: { name: node.name, addresses, podCidrs: [POD_CIDR], gateways: [`${GATEWAY}/${GATEWAY_PREFIX}`] },
    clusterCidrs: [CLUSTER_CIDR],
    serviceCidrs: [SERVICE_CIDR],
    bridge: BRIDGE,
    clock,
    scope,
    log,
    recorder,
  });
  const patience = new AbortController();
  const signal = AbortSignal.any([scope.signal, patience.signal]);
  await Promise.race([proxy.settled(), sleep(clock, SERVICES_MS, signal).catch(() => {})]);
  patience.abort();
}
