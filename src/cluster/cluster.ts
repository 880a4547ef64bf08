import type { Client } from "#client";
import type { UserInfo } from "#http";
import type { ClusterAccess } from "./kubeconfig/document.ts";

/** A running cluster. `await using` stops it at the end of the block. */
export interface Cluster extends AsyncDisposable {
  /** The administrator's client, without a wire. */
  readonly client: Client;
  /** A client of another user. */
  clientAs(user: UserInfo): Client;
  /** https://host:port once something listens. */
  readonly server: string | undefined;
  /** What runs the containers. */
  readonly runtime: "simulated" | "containerd";
  /** Lines for the user that started it, such as what was missing for real containers. */
  readonly notes: readonly string[];
  /** From the call of startCluster to ready, in milliseconds. */
  readonly readyMs: number;
  /** What the administrator reaches the cluster by; starts listening if nothing does yet. */
  access(): Promise<ClusterAccess>;
  /** A kubeconfig for {@link access}, with the context `knarr`. */
  kubeconfig(): Promise<string>;
  /** Adds a simulated node; resolves to its name once it is registered. */
  addNode(): Promise<string>;
  /** Stops everything that was started; closing twice is the same as once. */
  stop(): Promise<void>;
}
