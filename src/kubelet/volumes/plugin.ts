import type { PodSources, Quantities } from "#kubelet";
import type { Pod, Volume } from "#objects";
import type { Layout } from "./layout.ts";
import type { Mounter } from "./linux/mounter.ts";

/** One kind of volume; each is a file in plugins/. */
export interface VolumePlugin {
  /** The directory of its volumes: `kubernetes.io~empty-dir`. */
  readonly directory: string;
  supports(volume: Volume): boolean;
  /**
   * Makes the volume ready for the pod's containers, or finds that it is. Rejects with an Error whose text follows
   * `MountVolume.SetUp failed for volume "x" : `.
   */
  setUp(request: VolumeRequest): Promise<ReadyVolume>;
  /**
   * Undoes what is more than mounts and files at the volume's path, which are removed afterwards anyway. It may be
   * called for volumes that an earlier process has set up.
   */
  tearDown?(left: LeftVolume): Promise<void>;
}

export interface VolumeRequest {
  readonly pod: Pod;
  readonly volume: Volume;
  /** Where it belongs, below the pod's directory; nothing need be there. */
  readonly path: string;
  readonly sources: PodSources;
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
  /** The image is fetched before the container starts. */
  | { readonly type: "image"; readonly reference: string; readonly pullPolicy: string };

/** What plugins do their work with. */
export interface VolumeHost {
  readonly layout: Layout;
  readonly mounter: Mounter;
  readonly allocatable: () => Quantities;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Between 0 and 1. */
  readonly chance: () => number;
}
