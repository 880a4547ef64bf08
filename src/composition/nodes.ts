import type { Clock, Log, Random, Scope } from "#base";
import type { Client, SharedCaches } from "#client";
import type { LocalVolumes } from "#controllers";
import type { Kubelet } from "#kubelet";

/** What runs a cluster's nodes: a port, with what it can do stated as values. */
export interface NodePool {
  /** How many nodes the cluster waits for before it is ready. */
  readonly count: number;
  /** All ClusterIPs; default: as upstream's, `10.96.0.0/12`. */
  readonly serviceCidr?: string;
  /** What stands for the API server in the endpoints of its Service; absent when nothing in a pod could reach it. */
  readonly advertised?: string;
  /** Addresses beside the nodes' own that balancers may be given: clients on this machine reach them. */
  readonly spareAddresses?: readonly string[];
  /** Whether the addresses of its pods can be dialled from this process. */
  readonly podsReachable: boolean;
  /** Where the data of the built-in provisioner's volumes is. */
  readonly localVolumes: LocalVolumes;
  /** Begins what takes its time, once it is certain that the cluster can start. What fails, fails {@link start}. */
  begin(): void;
  /** Starts the nodes. Closing the scope stops them. */
  start(context: NodesContext): Promise<RunningNodes>;
}

export interface NodesContext {
  /** A kubelet's. */
  readonly client: Client;
  /** Of the whole process. */
  readonly caches: SharedCaches;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope: Scope;
}

export interface RunningNodes {
  /** By the node's name. */
  readonly kubelets: ReadonlyMap<string, Kubelet>;
  /** Adds a node; resolves to its name. Rejects where there can be no more. */
  add(): Promise<string>;
}
