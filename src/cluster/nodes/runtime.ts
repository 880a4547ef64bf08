import type { Clock, Log, Random, Scope } from "#base";
import type { Client } from "#client";
import type { Kubelet } from "#kubelet";

/** What runs this process's nodes, chosen and made ready before the control plane is there. */
export interface NodeRuntime {
  readonly name: "simulated" | "containerd";
  /** Lines worth telling whoever starts the cluster. */
  readonly notes: readonly string[];
  /** How many nodes the cluster waits for. */
  readonly count: number;
  /** Where pods reach what this process serves; absent when nothing in a pod could. */
  readonly hostAddress?: string;
  /** What stands for the API server in the endpoints of its Service; by default `hostAddress`. */
  readonly advertised?: string;
  /** Addresses beside the nodes' own that balancers may be given: whoever is on this machine reaches them. */
  readonly spareAddresses?: readonly string[];
  /**
   * Takes what of the machine only one cluster can have, before anything listens.
   *
   * @throws StartError
   */
  prepare(): Promise<void>;
  /** Begins what takes its time, once it is certain that the cluster can listen. What fails, fails `start`. */
  begin(): void;
  start(context: NodesContext): Promise<RunningNodes>;
  /** The cluster could not be started: takes back what was not there before. */
  abandon(): Promise<void>;
}

export interface NodesContext {
  /** A kubelet's. */
  readonly client: Client;
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
