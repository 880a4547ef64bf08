import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Service,
  TokenRequestSpec,
  V1beta1ClusterTrustBundle as ClusterTrustBundle,
} from "#objects";

/** Where a node looks up what its pods refer to. Shared by all pods of the node. */
export interface Sources {
  /** What one pod refers to. Costs nothing until something is asked for. */
  of(pod: Pod): PodSources;
  /**
   * The Services for pods' environment variables; undefined: there are none. Throws an Error while they are not known
   * yet.
   */
  services(namespace: string): Iterable<Service> | undefined;
}

/** Objects of the pod's namespace. What was asked for once is kept up to date until it is closed. */
export interface PodSources {
  /** Undefined: there is none. Rejects with an Error when that cannot be told. */
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
  /** A claim, as it is now unless it is bound: that stays so. Rejects with an Error when there is none. */
  claim(name: string): Promise<PersistentVolumeClaim>;
  /** The same of a volume of the cluster. */
  persistentVolume(name: string): Promise<PersistentVolume>;
  /** The handler of a RuntimeClass. Rejects with an Error when there is no such class. */
  runtimeHandler(runtimeClassName: string): Promise<string>;
  /** All that the cluster has. */
  trustBundles(): Promise<readonly ClusterTrustBundle[]>;
  /** A token of the pod's service account, bound to the pod. Rejects with an Error. */
  token(spec: Pick<TokenRequestSpec, "audiences" | "expirationSeconds">): Promise<IssuedToken>;
  /** Calls when an object that was asked for is another than it was. */
  onChange(listener: () => void): void;
  close(): void;
}

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}
