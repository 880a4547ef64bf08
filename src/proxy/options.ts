import type { Clock, Log, Scope } from "#base";
import type { Cache, EventRecorder } from "#client";
import type { EndpointSlice, Node, Pod, Service } from "#objects";
import { blocksOf } from "./rules/addresses.ts";
import type { ProxyContext } from "./rules/context.ts";
import type { RunCommand } from "#programs";
import type { SyncInfo } from "./table-keeper.ts";

export interface ProxyOptions {
  readonly services: Cache<Service>;
  readonly endpointSlices: Cache<EndpointSlice>;
  /** The pods of this node (or of all), for their host ports. */
  readonly pods?: Cache<Pod>;
  /** For the zone of this node. */
  readonly nodes?: Cache<Node>;
  readonly node: ProxyNode;
  /** All of the pod network: `10.244.0.0/16`. */
  readonly clusterCidrs: readonly string[];
  /** `10.96.0.0/12`. */
  readonly serviceCidrs: readonly string[];
  /** The bridge that the CNI plugin puts pods on. Default `knarr0`. */
  readonly bridge?: string;
  /** NodePorts, hostPorts and balancers on 127.0.0.0/8 too. Default true. */
  readonly loopback?: boolean;
  /** Blocks of addresses on which NodePorts answer; default: every address of the node. */
  readonly nodePortAddresses?: readonly string[];
  /**
   * Another cluster's proxy has the machine's addresses: NodePorts and host ports answer on the node's own addresses
   * only. Default false.
   */
  readonly confined?: boolean;
  /** The bit of the packet mark that asks for masquerading. Default 14, as upstream's. */
  readonly masqueradeBit?: number;
  /** Makes the bridge when it is not there, and plugs the pods into it again; default: made as the CNI plugin would. */
  readonly ensureBridge?: () => Promise<void>;
  /** The name of the nftables tables. Default `knarr`. */
  readonly table?: string;
  readonly clock: Clock;
  /** Closing it stops the proxy; the rules stay, and with them every connection. */
  readonly scope: Scope;
  readonly log: Log;
  /** For Events about Services. */
  readonly recorder?: EventRecorder;
  /** Runs nft, ip and the like; default: in the network namespace of this process. */
  readonly run?: RunCommand;
  /** Changes that come sooner after a transaction wait this long. Default 20 ms. */
  readonly minSyncMs?: number;
  /** Told of every transaction. */
  readonly onSync?: (info: SyncInfo) => void;
}

export interface ProxyNode {
  readonly name: string;
  /** The node's addresses, the main one first. */
  readonly addresses: readonly string[];
  /** The node's part of the pod network: `10.244.0.0/24`. With an IPv6 block there are IPv6 rules too. */
  readonly podCidrs: readonly string[];
  /**
   * The bridge's own addresses, with the length of the range: `10.244.0.1/24`. With it the bridge is made early, and
   * again when it is lost.
   */
  readonly gateways?: readonly string[];
}

/** A context for each address family that the pod network has. */
export function contextsOf(options: ProxyOptions, moveUdpFlows: boolean): ProxyContext[] {
  const { node } = options;
  const families = (["ip", "ip6"] as const).filter((family) => blocksOf(family, node.podCidrs).length > 0);
  return families.map((family) => ({
    family,
    nodeName: node.name,
    nodeAddresses: node.addresses,
    podCidrs: blocksOf(family, node.podCidrs),
    clusterCidrs: blocksOf(family, options.clusterCidrs),
    serviceCidrs: blocksOf(family, options.serviceCidrs),
    bridge: options.bridge ?? "knarr0",
    loopback: options.loopback ?? true,
    nodePortAddresses: options.confined ? node.addresses : (options.nodePortAddresses ?? []),
    confined: options.confined ?? false,
    masqueradeBit: options.masqueradeBit ?? 14,
    // nft 1.0.6 fails on what this needs with IPv6 addresses.
    moveUdpFlows: moveUdpFlows && family === "ip",
    table: options.table ?? "knarr",
  }));
}
