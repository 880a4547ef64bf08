import type { Cri } from "../cri/services.ts";
import type { ContainerdRuntimeOptions } from "./options.ts";
import type { Tracker } from "./tracker.ts";

/** What the parts of the runtime share. */
export interface RuntimeContext {
  readonly cri: Cri;
  readonly tracker: Tracker;
  readonly options: ContainerdRuntimeOptions;
  /** Whether containerd mounts images by itself. */
  readonly mountsImages: boolean;
}
