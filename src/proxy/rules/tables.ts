import type { Collection, KeyField } from "./model.ts";

/** The maps and sets of the table, by what is in them. Services' chains never have these names: theirs have slashes. */
export const SERVICE_IPS = "service-ips";
export const SERVICE_NODE_PORTS = "service-nodeports";
export const NO_ENDPOINT_SERVICES = "no-endpoint-services";
export const NO_ENDPOINT_NODE_PORTS = "no-endpoint-nodeports";
export const FIREWALL_IPS = "firewall-ips";
export const CLUSTER_IPS = "cluster-ips";
export const HAIRPIN = "hairpin-connections";
export const HOST_PORTS = "hostports";
export const HOST_PORTS_ON_ADDRESS = "hostports-on-address";
/** UDP endpoints that serve. Not in the table itself: what leaves this is put into {@link GONE}. */
export const UDP_ENDPOINTS = "udp-endpoints";
/** Of UDP: endpoints that have gone, and the flows that went to them. */
export const GONE = "gone-udp-endpoints";
export const MOVED = "moved-udp-flows";

export const REJECT_CHAIN = "reject-chain";

export const BY_ADDRESS: readonly KeyField[] = ["daddr", "protocol", "dport"];
export const BY_PORT: readonly KeyField[] = ["protocol", "dport"];
export const BY_HAIRPIN: readonly KeyField[] = ["saddr", "daddr", "protocol", "dport"];
export const BY_ENDPOINT: readonly KeyField[] = ["daddr", "dport"];
export const BY_DESTINATION: readonly KeyField[] = ["daddr"];

export const COLLECTIONS: readonly Collection[] = [
  { name: SERVICE_IPS, kind: "verdicts", key: BY_ADDRESS },
  { name: SERVICE_NODE_PORTS, kind: "verdicts", key: BY_PORT },
  { name: NO_ENDPOINT_SERVICES, kind: "verdicts", key: BY_ADDRESS },
  { name: NO_ENDPOINT_NODE_PORTS, kind: "verdicts", key: BY_PORT },
  { name: FIREWALL_IPS, kind: "verdicts", key: BY_ADDRESS },
  { name: HOST_PORTS, kind: "verdicts", key: BY_PORT },
  { name: HOST_PORTS_ON_ADDRESS, kind: "verdicts", key: BY_ADDRESS },
  { name: CLUSTER_IPS, kind: "keys", key: BY_DESTINATION },
  { name: HAIRPIN, kind: "keys", key: BY_HAIRPIN },
];

export const UDP_COLLECTIONS: readonly Collection[] = [
  { name: GONE, kind: "recent", key: BY_ENDPOINT },
  { name: MOVED, kind: "flows" },
];
