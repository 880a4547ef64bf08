import type { Container, ContainerUser, EphemeralContainer, LifecycleHandler, Pod, Probe } from "#objects";
import type { RegistryCredentials } from "./images/docker-config.ts";
import type { PullRecords } from "./images/pull-records.ts";

/**
 * What runs containers on one node: containerd through CRI, or the simulation. It knows sandboxes (what the
 * containers of a pod share), images and containers; when to do what with them is the kubelet's to decide.
 */
export interface Runtime {
  /** As in the node's status: `containerd://2.1.0`. */
  readonly version: string;
  /** What is still there of a pod that an earlier kubelet started; undefined when nothing is. */
  adopt(pod: Pod): Promise<AdoptedPod | undefined>;
  /**
   * `attempt` counts the sandboxes that the pod has had before; `handler` is that of its RuntimeClass; absent: the
   * runtime's default. Rejects with an Error.
   */
  createSandbox(pod: Pod, attempt: number, handler?: string): Promise<Sandbox>;
  /** Ends the sandbox and gives its addresses back. Its containers must have ended before. */
  stopSandbox(id: string): Promise<void>;
  /** The pod is gone from the API: whatever is kept of it (ended containers, logs) can go. */
  removePod(pod: Pod): Promise<void>;
  /** The image's id when it is on the node. */
  imageId(image: string): Promise<string | undefined>;
  /**
   * Tries the credentials in turn; without any, pulls anonymously. Rejects with a {@link RuntimeError}
   * whose text tells why.
   */
  pullImage(image: string, pod: Pod, credentials: readonly RegistryCredentials[]): Promise<PulledImage>;
  /** Which pods may use which image; absent: every pod every image. */
  readonly pullRecords?: PullRecords;
  /** Every image on the node. */
  images(): readonly NodeImage[];
  /** Creates and starts. Rejects with a {@link RuntimeError}. */
  startContainer(request: StartRequest): Promise<RunningContainer>;
  /**
   * Asks the container to end, and ends it after the grace (at least a second). Resolves once it has ended.
   * Called again with less grace while it is at it, the earlier end counts.
   */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  /** Probes once, within the probe's `timeoutSeconds`. */
  probe(request: ProbeRequest): Promise<ProbeOutcome>;
  /** Runs an exec, HTTP or TCP hook; rejects when it fails. It may be abandoned when the signal aborts. */
  runHook(id: string, handler: LifecycleHandler, pod: Pod, signal: AbortSignal): Promise<void>;
  /** What the container has written, oldest first; with `follow` also what it is yet to write, until it ends. */
  logs(id: string, options: LogOptions): AsyncIterable<LogLine>;
  /** Absent when images take no place that could be had back. */
  readonly imageStore?: ImageStore;
  /** Ways into what runs; absent when there are no processes to get at. */
  readonly streams?: RuntimeStreams;
  /** What the node and its containers have used so far; absent when nothing is measured. */
  stats?(): Promise<NodeStats>;
  /** What the logs of the pod's containers take, by container; absent when nothing is measured. */
  logUsage?(pod: Pod): Promise<ReadonlyMap<string, DiskUse>>;
  /** Stops watching; what runs goes on running. */
  close(): Promise<void>;
}

/** One look at what is used. */
export interface NodeStats {
  readonly node: Usage;
  /** Those that run. */
  readonly containers: readonly ContainerUsage[];
}

export interface Usage {
  /** When it was measured, in milliseconds since the epoch. */
  readonly time: number;
  /** Of processors, since it started: a billion is one core for a second. */
  readonly cpuNanoseconds: number;
  /** Memory that could not be taken back without harm. */
  readonly workingSetBytes: number;
}

export interface ContainerUsage extends Usage {
  /** `containerd://<hex>` */
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  /** What it has written over its image; absent when it was not measured. */
  readonly rootfs?: DiskUse;
}

export type AnyContainer = Container | EphemeralContainer;

export interface Sandbox {
  readonly id: string;
  readonly ips: readonly string[];
  /** Resolves when the sandbox has died by itself. */
  readonly lost?: Promise<void>;
}

export interface AdoptedPod {
  /** Absent when it no longer runs. */
  readonly sandbox?: Sandbox;
  /** The id of the last one, when none runs any more: it died with the machine, or while the kubelet was down. */
  readonly lostSandbox?: string;
  /** By name: the latest run of each container that the runtime knows of. */
  readonly containers: ReadonlyMap<string, AdoptedContainer>;
}

export type AdoptedContainer =
  | {
      readonly state: "running";
      readonly attempt: number;
      readonly container: RunningContainer;
      readonly imageId: string;
    }
  | { readonly state: "exited"; readonly attempt: number; readonly exit: ContainerExit };

export interface PulledImage {
  readonly id: string;
  readonly bytes: number;
  /** Those that the registry took; absent when it asked for none. */
  readonly credentials?: RegistryCredentials;
}

export interface NodeImage {
  readonly names: readonly string[];
  readonly bytes: number;
}

/** What a part of a file system takes. */
export interface DiskUse {
  readonly bytes: number;
  readonly inodes: number;
}

/** The disk that the images are on. */
export interface ImageStore {
  list(): Promise<readonly StoredImage[]>;
  /** Removes the image with all its names. Rejects when it cannot go. */
  remove(id: string): Promise<void>;
  usage(): Promise<{ readonly capacityBytes: number; readonly availableBytes: number }>;
}

export interface StoredImage extends NodeImage {
  /** As the runtime knows it, whatever it is named. */
  readonly id: string;
  /** It has to stay: the one that pods' sandboxes are made of. */
  readonly pinned: boolean;
}

export interface StartRequest {
  readonly pod: Pod;
  readonly sandbox: Sandbox;
  readonly container: AnyContainer;
  /** 0 for the first start. */
  readonly attempt: number;
  readonly process: ResolvedProcess;
}

/** What of a container's spec depends on things outside of it, looked up. */
export interface ResolvedProcess {
  /** Empty: the image's own. `$(VAR)` is expanded in both. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** In order; each name once. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  /** Absent: none. */
  readonly devices?: readonly Device[];
}

/** A device of the node that the container sees. */
export interface Device {
  readonly hostPath: string;
  readonly containerPath: string;
  /** As cgroups have it: read, write, mknod. */
  readonly permissions: "r" | "mrw";
}

/** A directory or file that the container sees, prepared on the node. */
export interface Mount {
  /** Absolute. */
  readonly containerPath: string;
  /** On the node; with `image`, a path inside that image. */
  readonly hostPath: string;
  /** The id of an image that is mounted instead of a path of the node. */
  readonly image?: string;
  readonly readOnly: boolean;
  readonly recursiveReadOnly?: boolean;
  readonly propagation: "None" | "HostToContainer" | "Bidirectional";
}

/** Bytes to and from something that runs. The caller closes it. */
export interface ByteStream {
  /** Ends when the other side has ended it. Not read, it holds the other side up. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Resolves once there is room for more; rejects when the stream is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more will be written. */
  end(): Promise<void>;
  /** Drops it in both directions. */
  close(): void;
}

export interface RuntimeStreams {
  /** Runs a command beside the container's own process. Rejects with a {@link RuntimeError}. */
  exec(id: string, request: ExecRequest): Promise<RemoteProcess>;
  /** Joins the streams of the container's own process. */
  attach(id: string, request: AttachRequest): Promise<RemoteProcess>;
  /** Connects to a port on the loopback of the sandbox. */
  portForward(sandboxId: string, port: number): Promise<ByteStream>;
}

export interface AttachRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface ExecRequest extends AttachRequest {
  readonly command: readonly string[];
}

/** The streams of a process. Output that is not read holds the process up; closing drops it all. */
export interface RemoteProcess {
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  /** Resolves once there is room for more. */
  writeStdin(bytes: Uint8Array): Promise<void>;
  endStdin(): Promise<void>;
  /** Of the terminal, in characters. */
  resize(width: number, height: number): void;
  /** Resolves when it is over: its exit code, or why it could not be run to its end. */
  readonly ended: Promise<ProcessEnd>;
  close(): void;
}

export type ProcessEnd =
  | { readonly type: "exited"; readonly exitCode: number }
  | { readonly type: "failed"; readonly message: string };

export interface RunningContainer {
  /** `containerd://<hex>` */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The image as the runtime calls it: `docker.io/library/nginx:1.27`. */
  readonly image?: string;
  readonly user?: ContainerUser;
  /** Resolves when the container has ended, by itself or by being stopped. */
  readonly exited: Promise<ContainerExit>;
  /**
   * When the container counts as ready though no readiness probe asks it; absent: as soon as it runs. For the
   * simulation's slow starters: real containers are ready then.
   */
  readonly ready?: Promise<void>;
}

export interface ContainerExit {
  readonly id: string;
  readonly exitCode: number;
  readonly signal?: number;
  /** Completed, Error, OOMKilled … */
  readonly reason: string;
  /** By the container's terminationMessagePolicy. */
  readonly message?: string;
  /** Milliseconds since the epoch; 0 when it never ran, absent when unknown. */
  readonly startedAt?: number;
  readonly finishedAt: number;
}

export interface ProbeRequest {
  readonly id: string;
  readonly kind: "startup" | "readiness" | "liveness";
  readonly probe: Probe;
  readonly pod: Pod;
  /** Whose probe it is, for ports by name. */
  readonly container: AnyContainer;
  /** The pod's address, for probes over the network. */
  readonly ip: string | undefined;
}

export interface ProbeOutcome {
  /** `unknown`: the probe itself did not work; it counts for nothing. */
  readonly result: "success" | "failure" | "unknown";
  /** Why not: `HTTP probe failed with statuscode: 503`. With a success, a warning. */
  readonly message?: string;
  /** What an Event about one that did not work says it resulted in; `unknown` when absent. */
  readonly state?: "failure";
  /** The outcome cannot change before this time, so that probing can pause once it is a success. */
  readonly steadyUntil?: number;
}

export interface LogOptions {
  readonly follow: boolean;
  /** Only so many of the last lines. */
  readonly tailLines?: number;
  /** Only lines since this time, milliseconds since the epoch. */
  readonly since?: number;
  readonly signal: AbortSignal;
}

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly stream: "stdout" | "stderr";
  /** Without the line's end. */
  readonly text: string;
  /** It has no end: the container ended in mid-line. */
  readonly unfinished?: true;
}

/** Something that the runtime could not do, with the reason that the pod's status shows. */
export class RuntimeError extends Error {
  /** CreateContainerConfigError, CreateContainerError, RunContainerError, ErrImagePull … */
  readonly reason: string;
  /** The container was made, but it could not be started: what is left of it. */
  readonly exit: ContainerExit | undefined;

  constructor(reason: string, message: string, exit?: ContainerExit) {
    super(message);
    this.name = "RuntimeError";
    this.reason = reason;
    this.exit = exit;
  }
}
