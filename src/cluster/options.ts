import type { Clock, Log, Random } from "#base";
import type { RegistrySettings } from "#kubelet";
import type { FeatureGateSettings, RuntimeConfig } from "#registry";
import type { SimulatedTimes } from "#kubelet/simulated";

/** How a cluster is started. Everything is optional: the default is a throwaway cluster in memory, one node. */
export interface ClusterOptions {
  /** Keeps certificates and, with the lmdb store, all objects. The same directory again resumes the same cluster. */
  readonly dataDir?: string;
  /**
   * Pods that a node with real containers runs without being asked to by the API: a manifest in each file of this
   * directory, which is watched. Default `manifests` in the dataDir.
   */
  readonly staticPodDir?: string;
  /** Default: lmdb when there is a dataDir, else memory. */
  readonly store?: "memory" | "lmdb";
  /** How many simulated nodes, named knarr-1, knarr-2, …; default 1. More that a dataDir has had are removed. */
  readonly nodes?: number;
  /**
   * How long it takes until a simulated container runs, in milliseconds: by default as on a laptop, about 0.85 s
   * with its image. `{ sandbox: 0, pull: 0, start: 0 }` makes tests quick.
   */
  readonly simulatedTimes?: Partial<SimulatedTimes>;
  /**
   * What runs the containers. `auto` takes what the machine offers; default simulated. A dataDir that has had one of them
   * stays with it: without a choice or with `auto` it is that again, the other is refused.
   */
  readonly runtime?: "auto" | "simulated" | "containerd";
  /**
   * The socket of a containerd that is there already and stays: real containers run on it instead of on one of the
   * cluster's own. What else runs there is left alone. Implies `runtime: "containerd"`.
   */
  readonly containerdSocket?: string;
  /** Of the node with real containers; default: the host's. A domain name in lower case. */
  readonly nodeName?: string;
  /** The IP address of the node with real containers; default: that of the default route's interface. */
  readonly nodeAddress?: string;
  /** The addresses that Services of type LoadBalancer get, the preferred first; default: the nodes'. */
  readonly loadBalancerAddresses?: readonly string[];
  /**
   * Which APIs are served besides upstream's defaults, or not, as kube-apiserver spells it: `{ "api/alpha": true }`,
   * `{ "resource.k8s.io/v1alpha3": true }`, `{ "apps/v1/deployments": false }`.
   */
  readonly runtimeConfig?: RuntimeConfig;
  /** Which features are on, by upstream's names, where that is not its default: `{ GenericWorkload: true }`. */
  readonly featureGates?: FeatureGateSettings;
  /** How the container runtime reaches registries: mirrors, and authorities to trust. */
  readonly registries?: RegistrySettings;
  /** Address of the HTTPS server, default 127.0.0.1. */
  readonly bind?: string;
  /**
   * Port of the HTTPS server, 0 for any free one. Without it nothing listens until `kubeconfig()` or
   * `access()` is asked for: the in-process client needs no server.
   */
  readonly port?: number;
  /** How much history is kept for old reads and watches: the last 5 minutes and 10,000 revisions, or all of it. */
  readonly history?: "recent" | "all";
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
}

export { StartError } from "#composition";
