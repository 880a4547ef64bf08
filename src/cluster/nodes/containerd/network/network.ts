import { DEFAULT_SERVICE_CIDR } from "#registry";
import { formatIp, parseCidr } from "#objects";

/**
 * What of a machine's network belongs to the node of one data directory. It is kept there: the directory may move. What
 * others could mistake for theirs (bridge, packet rules, the name of the Pods' network) is named after `id`.
 */
export interface NodeNetwork {
  /** Eight hexadecimal digits. */
  readonly id: string;
  /** All Pods of the cluster: `10.244.0.0/16`. Those of this machine have its first /24. */
  readonly pods: string;
  /** All ClusterIPs: `10.96.0.0/12`. */
  readonly services: string;
  /** Node ports and host ports answer on every address of the machine: one cluster of a machine may have that. */
  readonly machine: boolean;
  /** The node's own address; absent: the machine's. */
  readonly address?: string;
  /** What Services of type LoadBalancer get, where it was said. */
  readonly balancers?: readonly string[];
  /** The bridge, where the configuration of a given containerd names it. */
  readonly bridge?: string;
  /** The name of the Pods' network, where Pods of an earlier version hold addresses of it. */
  readonly name?: string;
  /** The packet rules of an earlier version are still there, and have to go once there are others. */
  readonly replaces?: typeof EARLIER_TABLE;
}

export const USUAL_PODS = "10.244.0.0/16";
export const USUAL_SERVICES = DEFAULT_SERVICE_CIDR;
/** Versions that knew of one cluster on a machine only called it so; a containerd that is given has to, still. */
export const SHARED_BRIDGE = "knarr0";
export const EARLIER_TABLE = "knarr";
export const EARLIER_NETWORK = "knarr";
export const CLUSTER_DOMAIN = "cluster.local";
const NODE_PREFIX = 24;

const address = (range: string, offset: number): string => {
  const { base } = parseCidr(range)!;
  return formatIp({ ...base, bits: base.bits + BigInt(offset) });
};

/** A link's name has at most 15 characters. */
export const bridgeOf = ({ id, bridge }: Pick<NodeNetwork, "id" | "bridge">): string => bridge ?? tableOf({ id });
export const tableOf = ({ id }: Pick<NodeNetwork, "id">): string => `knarr-${id}`;
export const networkNameOf = (network: NodeNetwork): string => network.name ?? tableOf(network);
/** The Pods of this machine: `10.244.0.0/24`. */
export const nodePodsOf = ({ pods }: Pick<NodeNetwork, "pods">): string => `${address(pods, 0)}/${NODE_PREFIX}`;
/** This machine, as its Pods see it: `10.244.0.1`. */
export const gatewayOf = ({ pods }: Pick<NodeNetwork, "pods">): string => address(pods, 1);
/** The same with the length of the range: `10.244.0.1/24`. */
export const gatewayBlockOf = (network: Pick<NodeNetwork, "pods">): string => `${gatewayOf(network)}/${NODE_PREFIX}`;
/** The tenth address of the service range, as kubeadm has it. */
export const clusterDnsOf = ({ services }: Pick<NodeNetwork, "services">): string => address(services, 10);

const SPARE = 20;

/**
 * Loopback addresses that nothing of a usual machine listens at (some resolvers take 127.0.0.53): `127.0.0.2` and on, or
 * `127.245.0.2` and on for a cluster with the Pods 10.245.0.0/16 beside another.
 */
export function spareAddressesOf({ machine, pods }: NodeNetwork): readonly string[] {
  const second = machine ? "0" : pods.split(".")[1];
  return Array.from({ length: SPARE }, (_, i) => `127.${second}.0.${i + 2}`);
}
