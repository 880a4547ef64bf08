import type { Clock, Log, Random, Scope } from "#base";
import type { ProbeOutcome, ProbeRequest } from "#kubelet";
import type { LifecycleHandler, Pod } from "#objects";
import type { ImageTools } from "../daemon/image-tools.ts";

/** An HTTP or TCP hook that is to be run. */
export interface NetworkHook {
  readonly handler: LifecycleHandler;
  readonly pod: Pod;
  /** The container whose hook it is, for the names of its ports. */
  readonly containerName: string;
  /** The pod's address. */
  readonly ip: string | undefined;
  readonly signal: AbortSignal;
}

export interface ContainerdRuntimeOptions {
  readonly socket: string;
  /**
   * Set where others use the same containerd: only sandboxes and containers with this mark are seen and touched, and
   * no image is ever collected. At most 63 characters, as a label's value.
   */
  readonly owner?: string;
  /** A sandbox whose address is not from here is of no use. Not looked at when absent. */
  readonly podCidr?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it ends the watching; what runs goes on running. */
  readonly scope: Scope;
  /** What the kubelet keeps of each pod is in `<rootDir>/pods/<uid>`. */
  readonly rootDir: string;
  /** Logs are in `<logDir>/<namespace>_<name>_<uid>/<container>/<attempt>.log`. */
  readonly logDir: string;
  /** The node's own addresses, which pods in its network have. */
  readonly nodeIps: readonly string[];
  readonly clusterDns: readonly string[];
  /** `cluster.local` */
  readonly clusterDomain: string;
  /** What pods use that do not use the cluster's DNS. Default `/etc/resolv.conf`. */
  readonly resolvConf?: string;
  /** Where seccomp profiles of type Localhost are. Default `<rootDir>/seccomp`. */
  readonly seccompFolder?: string;
  /** The cgroup of a pod, made before its sandbox. Default: none, containerd's own place. */
  readonly cgroupParentOf?: (pod: Pod) => string | Promise<string>;
  readonly networkProbe?: (request: ProbeRequest) => Promise<ProbeOutcome>;
  /** Rejects when the hook fails. */
  readonly networkHook?: (hook: NetworkHook) => Promise<void>;
  /** Removes what containerd may have left of a run of a container that it has removed. */
  readonly clearTask?: (containerId: string) => Promise<void>;
  /** For volumes of images where containerd cannot mount them itself (before 2.1). */
  readonly imageTools?: Pick<ImageTools, "mountImage" | "unmountImage">;
  /** Images that are pulled at once. Default 5. */
  readonly maxParallelPulls?: number;
  /** Tells users what is wrong with a pod's settings, as an Event. */
  readonly onWarning?: (pod: Pod, reason: string, message: string) => void;
}
