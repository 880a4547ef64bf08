import type { Container, EphemeralContainer, Pod, Probe } from "#objects";

/**
 * What runs containers on one node: containerd through CRI, or the simulation. It knows sandboxes (what the
 * containers of a pod share), images and containers; when to do what with them is the kubelet's to decide.
 */
export interface Runtime {
  /** As in the node's status: `containerd://2.1.0`. */
  readonly version: string;
  /** What is still there of a pod that an earlier kubelet started; undefined when nothing is. */
  adopt(pod: Pod): Promise<AdoptedPod | undefined>;
  createSandbox(pod: Pod): Promise<Sandbox>;
  /** Containers must have ended before. */
  removeSandbox(id: string): Promise<void>;
  /** The image's id when it is on the node. */
  imageId(image: string): Promise<string | undefined>;
  /** Rejects with a {@link RuntimeError} whose text tells why. */
  pullImage(image: string, pod: Pod): Promise<PulledImage>;
  /** Every image on the node. */
  images(): readonly NodeImage[];
  startContainer(request: StartRequest): Promise<StartedContainer>;
  /** Asks the container to end, and ends it after the grace. Resolves once it has ended; `onExit` is called too. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  probe(id: string, probe: Probe, pod: Pod): Promise<ProbeOutcome>;
  /** A readiness probe that a container has though its spec names none: only the simulation's slow starters. */
  implicitReadinessProbe?(pod: Pod, container: AnyContainer): Probe | undefined;
  /** What the container has written, oldest first. */
  logs(id: string): readonly LogLine[];
  /** Calls back whenever a container ends by itself or by being stopped. One listener a node. */
  onExit(listener: (exit: ContainerExit) => void): void;
  close(): Promise<void>;
}

export type AnyContainer = Container | EphemeralContainer;

export interface Sandbox {
  readonly id: string;
  readonly ips: readonly string[];
}

export interface AdoptedPod {
  readonly sandbox: Sandbox;
  /** Running containers by name. */
  readonly running: ReadonlyMap<string, StartedContainer & { readonly imageId: string }>;
}

export interface PulledImage {
  readonly id: string;
  readonly bytes: number;
}

export interface NodeImage {
  readonly names: readonly string[];
  readonly bytes: number;
}

export interface StartRequest {
  readonly pod: Pod;
  readonly sandbox: Sandbox;
  readonly container: AnyContainer;
  /** 0 for the first start. */
  readonly attempt: number;
}

export interface StartedContainer {
  /** `containerd://<hex>` */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface ContainerExit {
  readonly id: string;
  readonly exitCode: number;
  /** Completed, Error, OOMKilled … */
  readonly reason: string;
  readonly message?: string;
  readonly finishedAt: number;
}

export interface ProbeOutcome {
  readonly success: boolean;
  /** Why not: `HTTP probe failed with statuscode: 503`. */
  readonly message?: string;
  /** The outcome cannot change before this time, so probing can pause. */
  readonly steadyUntil?: number;
}

export interface LogLine {
  readonly time: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** Something that the runtime could not do, with the reason that the pod's status shows. */
export class RuntimeError extends Error {
  /** CreateContainerError, RunContainerError, ErrImagePull … */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.name = "RuntimeError";
    this.reason = reason;
  }
}
