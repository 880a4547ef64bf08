import type { Pod } from "#objects";
import type { AnyContainer, Device, DiskUse, Mount } from "./runtime.ts";

/** Brings the volumes of pods onto a node. */
export interface Volumes {
  /**
   * Ensures that every volume that the pod's containers use is there and holds what it should; from then on
   * it is kept so (a ConfigMap that changes, a token that expires). Called again, only what lacks is done.
   * Rejects with a {@link MountError}.
   */
  mount(pod: Pod, listener?: VolumesListener): Promise<void>;
  /** Whether there is anything to be done for the pod; absent: for every pod that has volumes. */
  concerns?(pod: Pod): boolean;
  /** The pod may have other labels and annotations now: files that tell of them follow. */
  update(pod: Pod): void;
  /** What one container gets of them; sub paths are made. Rejects with a RuntimeError. `env`: for subPathExpr. */
  mountsOf(pod: Pod, container: AnyContainer, env: ReadonlyMap<string, string>): Promise<readonly Mount[]>;
  /** The block devices that one container gets. Rejects with a RuntimeError. */
  devicesOf?(pod: Pod, container: AnyContainer): Promise<readonly Device[]>;
  /** The text of a small file in a volume, by its path in there. Rejects with an Error. */
  readFile(pod: Pod, volume: string, path: string): Promise<string>;
  /** Nothing of the pod runs any more: takes its volumes away. Resolves when nothing is left of them. */
  unmount(pod: Pod): Promise<void>;
  /** What the pod's own volumes take on disk, by name; absent when nothing is measured. */
  usage?(pod: Pod): Promise<ReadonlyMap<string, DiskUse>>;
  /** Keeps nothing up to date any more; what is mounted stays. */
  close(): Promise<void>;
}

export interface VolumesListener {
  /** One can no longer be kept as it should be; what it holds stays. */
  onStale?(failure: VolumeFailure): void;
  /** Something that they are made of is another than it was: what has failed may succeed now. */
  onChange?(): void;
  /** Something of note has happened that keeps no volume from being mounted. */
  onEvent?(level: "Normal" | "Warning", reason: string, message: string): void;
}

export interface VolumeFailure {
  /** As the pod calls it. */
  readonly volume: string;
  /** `MountVolume.SetUp failed for volume "x" : …`: the text of its Event. */
  readonly message: string;
  /** The reason of its Event; default: FailedMount. */
  readonly reason?: string;
  /** It is not known yet what the volume is: its claim leads nowhere. One Event tells of all that are so. */
  readonly unprocessed?: boolean;
}

/** Volumes that could not be mounted; at least one. */
export class MountError extends Error {
  readonly failures: readonly VolumeFailure[];

  constructor(failures: readonly VolumeFailure[]) {
    super(failures.map(({ message }) => message).join("; "));
    this.name = "MountError";
    this.failures = failures;
  }
}
