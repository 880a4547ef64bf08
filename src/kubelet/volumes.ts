import type { Pod } from "#objects";
import type { AnyContainer, DiskUse, Mount } from "./runtime.ts";

/** Brings the volumes of pods onto a node. */
export interface Volumes {
  /**
   * Ensures that every volume that the pod's containers use is there and holds what it should; from then on
   * it is kept so (a ConfigMap that changes, a token that expires). Called again, only what lacks is done.
   * Rejects with a {@link MountError}. `onStale`: called when one can no longer be kept so; what it holds stays.
   */
  mount(pod: Pod, onStale?: (failure: VolumeFailure) => void): Promise<void>;
  /** The pod may have other labels and annotations now: files that tell of them follow. */
  update(pod: Pod): void;
  /** What one container gets of them; sub paths are made. Rejects with a RuntimeError. `env`: for subPathExpr. */
  mountsOf(pod: Pod, container: AnyContainer, env: ReadonlyMap<string, string>): Promise<readonly Mount[]>;
  /** The text of a small file in a volume, by its path in there. Rejects with an Error. */
  readFile(pod: Pod, volume: string, path: string): Promise<string>;
  /** Nothing of the pod runs any more: takes its volumes away. Resolves when nothing is left of them. */
  unmount(pod: Pod): Promise<void>;
  /** What the pod's own volumes take on disk, by name; absent when nothing is measured. */
  usage?(pod: Pod): Promise<ReadonlyMap<string, DiskUse>>;
  /** Keeps nothing up to date any more; what is mounted stays. */
  close(): Promise<void>;
}

export interface VolumeFailure {
  readonly volume: string;
  /** `MountVolume.SetUp failed for volume "x" : …`: the text of a FailedMount Event. */
  readonly message: string;
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
