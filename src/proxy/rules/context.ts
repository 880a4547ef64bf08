import type { Family } from "./model.ts";

/** What the rules of a node depend on beside Services, EndpointSlices and Pods. */
export interface ProxyContext {
  readonly family: Family;
  /** The node's name, as endpoints have it. */
  readonly nodeName: string;
  /** The node's label `topology.kubernetes.io/zone`. */
  readonly zone?: string;
  /** The node's own addresses, the first of a family being its main one. */
  readonly nodeAddresses: readonly string[];
  /** The node's own part of the pod network. */
  readonly podCidrs: readonly string[];
  /** All of the pod network. */
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  /** The bridge that the node's pods are on. */
  readonly bridge: string;
  /** NodePorts, hostPorts and load balancers answer on the loopback address too (IPv4 only). */
  readonly loopback: boolean;
  /** Where NodePorts answer: blocks of addresses. Empty: on every address of the node. */
  readonly nodePortAddresses: readonly string[];
  /**
   * The machine's addresses belong to another cluster's table: NodePorts and host ports answer on the node's own
   * addresses only, where this table has its say first.
   */
  readonly confined: boolean;
  /** The bit of the packet mark that asks for masquerading, 0 to 31. */
  readonly masqueradeBit: number;
  /** The kernel can tell flows apart by conntrack zones: UDP flows to endpoints that have gone are moved. */
  readonly moveUdpFlows: boolean;
  readonly table: string;
}

/** The packet mark that asks for masquerading. */
export const masqueradeMark = ({ masqueradeBit }: ProxyContext): number => 2 ** masqueradeBit;
