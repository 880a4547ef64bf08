import { sleep } from "#base";
import type { Cache, EventRecorder, SharedCaches } from "#client";
import type { NodeDescription } from "#kubelet";
import { ENDPOINT_SLICES, NODES, SERVICES, type Pod } from "#objects";
import { startProxy } from "#proxy";
import type { NodesContext } from "#composition";
import { bridgeOf, gatewayBlockOf, nodePodsOf, tableOf, type NodeNetwork } from "./network/network.ts";

export interface NodeProxyOptions {
  readonly network: NodeNetwork;
  readonly node: NodeDescription;
  readonly addresses: readonly string[];
  readonly caches: SharedCaches;
  /** Those of this node. */
  readonly pods: Cache<Pod>;
  readonly recorder: EventRecorder;
  /** Makes the bridge when it is not there, and plugs the Pods into it again. */
  readonly ensureBridge: () => Promise<void>;
}

const SERVICES_MS = 5_000;

/**
 * Makes Services work on this node; resolves once they do. Where nft refuses the rules, which has been logged then, it
 * resolves after a while all the same: most of what a node does needs no Service, and the proxy goes on trying.
 */
export async function serveServices(options: NodeProxyOptions, context: NodesContext): Promise<void> {
  const { network, node, addresses, caches, pods, recorder, ensureBridge } = options;
  const { clock, scope, log } = context;
  const proxy = startProxy({
    services: caches.of(SERVICES),
    endpointSlices: caches.of(ENDPOINT_SLICES),
    pods,
    nodes: caches.of(NODES),
    node: { name: node.name, addresses, podCidrs: [nodePodsOf(network)], gateways: [gatewayBlockOf(network)] },
    clusterCidrs: [network.pods],
    serviceCidrs: [network.services],
    bridge: bridgeOf(network),
    table: tableOf(network),
    confined: !network.machine,
    ensureBridge,
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
