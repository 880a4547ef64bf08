import type { PodSources, Quantities, VolumeSpec } from "#kubelet";
import type { Pod } from "#objects";
import type { RunCommand } from "#programs";
import type { KeyedTurns } from "./keyed-turns.ts";
import type { Layout } from "./layout.ts";
import type { Mounter } from "./linux/mounter.ts";

/** One kind of volume; each is a file in plugins/. */
export interface VolumePlugin {
  /** The directory of its volumes: `kubernetes.io~empty-dir`. */
  readonly directory: string;
  supports(spec: VolumeSpec): boolean;
  /** Whether PersistentVolumes of this kind may have `mountOptions`. */
  readonly mountOptions?: boolean;
  /**
   * Makes the volume ready for the pod's containers, or finds that it is. Rejects with a {@link VolumeError}, or with
   * an Error whose text follows `MountVolume.SetUp failed for volume "x" : `.
   */
  setUp(request: VolumeRequest): Promise<ReadyVolume>;
  /**
   * Undoes what is more than mounts and files at the volume's path, which are removed afterwards anyway. It may be
   * called for volumes that an earlier process has set up.
   */
  tearDown?(left: LeftVolume): Promise<void>;
}

export interface VolumeRequest extends VolumeSpec {
  readonly pod: Pod;
  /** Where it belongs, below the pod's directory; nothing need be there. */
  readonly path: string;
  readonly sources: PodSources;
  /** Tells of something that keeps the volume from nothing. */
  readonly event: (level: "Normal" | "Warning", reason: string, message: string) => void;
  /** Something that a failure was due to is another than it was: setting up is tried again. */
  readonly changed: () => void;
  /** Aborts when the pod is not to have its volumes any more. */
  readonly signal: AbortSignal;
}

/** What a volume could not be had for: the text of an Event, but for the volume's name. */
export class VolumeError extends Error {
  /** `MountVolume.MountDevice failed` */
  readonly operation: string;
  readonly reason: string | undefined;

  constructor(
    operation: string,
    message: string,
    options: { readonly cause?: unknown; readonly reason?: string } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "VolumeError";
    this.operation = operation;
    this.reason = options.reason;
  }
}

/** What has to be asked to undo a volume is not there yet: it is tried again later. */
export class NotYetError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "NotYetError";
  }
}

export interface LeftVolume {
  readonly podUid: string;
  readonly name: string;
  readonly path: string;
}

export interface ReadyVolume {
  /** What containers are to see. */
  readonly content: VolumeContent;
  /** Containers may not write to it, whatever their mounts say. */
  readonly readOnly: boolean;
  readonly live?: LiveContent;
}

/** Content that follows what it tells of. Times are milliseconds since the epoch. */
export interface LiveContent {
  /** When to look first, even if nothing changes before. */
  readonly refreshAt?: number | undefined;
  /** Brings it up to what it is to be for the pod as it is now. Resolves to when to look again. */
  refresh(pod: Pod): Promise<number | undefined>;
}

export type VolumeContent =
  | { readonly type: "path"; readonly path: string }
  /** A block device of the node. */
  | { readonly type: "device"; readonly path: string }
  /** The image is fetched before the container starts. */
  | { readonly type: "image"; readonly reference: string; readonly pullPolicy: string };

/** What plugins do their work with. */
export interface VolumeHost {
  readonly layout: Layout;
  readonly mounter: Mounter;
  /** Runs a program of the machine that may take its time, beside others. */
  readonly run: RunCommand;
  /** What concerns one volume of the node, whichever pods use it, is done one after the other. */
  readonly turns: KeyedTurns;
  /** Of the node, by now; undefined: not known. */
  readonly nodeLabels: () => Readonly<Record<string, string>> | undefined;
  readonly allocatable: () => Quantities;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Between 0 and 1. */
  readonly chance: () => number;
}
