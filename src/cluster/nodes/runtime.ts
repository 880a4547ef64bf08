import type { NodePool } from "#composition";

/** What runs this process's nodes, chosen and made ready before the control plane is there. */
export interface NodeRuntime extends NodePool {
  /** Shown to the user. What it can do stands in the values of {@link NodePool}. */
  readonly name: "simulated" | "containerd";
  /** Lines worth telling the user who starts the cluster. */
  readonly notes: readonly string[];
  /** Where pods reach what this process serves; absent when nothing in a pod could. */
  readonly hostAddress?: string;
  /**
   * Takes what of the machine only one cluster can have, before anything listens.
   *
   * @throws StartError
   */
  prepare(): Promise<void>;
  /** The cluster could not be started: takes back what was not there before. */
  abandon(): Promise<void>;
}
