import { DEFAULT_SERVICE_CIDR } from "#registry";

/** All pods of the cluster. */
export const CLUSTER_CIDR = "10.244.0.0/16";
/** The pods of this machine. */
export const POD_CIDR = "10.244.0.0/24";
/** This machine, as its pods see it. */
export const GATEWAY = "10.244.0.1";
export const GATEWAY_PREFIX = 24;
export const SERVICE_CIDR = DEFAULT_SERVICE_CIDR;
/** The tenth address of the service range, as kubeadm has it. */
export const CLUSTER_DNS = "10.96.0.10";
export const CLUSTER_DOMAIN = "cluster.local";
/** Loopback addresses that nothing of a usual machine listens at: some resolvers take 127.0.0.53. */
export const SPARE_ADDRESSES = Array.from({ length: 20 }, (_, i) => `127.0.0.${i + 2}`);
