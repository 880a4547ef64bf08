import { LABEL } from "../config/names.ts";
import type { Cri } from "../cri/services.ts";
import type { ContainerdRuntimeOptions } from "./options.ts";
import type { Tracker } from "./tracker.ts";

/** The calls, and whose things they are to be about. */
export interface OwnedCri {
  readonly cri: Cri;
  readonly options: Pick<ContainerdRuntimeOptions, "owner">;
}

/** What the parts of the runtime share. */
export interface RuntimeContext {
  readonly cri: Cri;
  readonly tracker: Tracker;
  readonly options: ContainerdRuntimeOptions;
  /** Whether containerd mounts images by itself. */
  readonly mountsImages: boolean;
}

/** What marks our own sandboxes and containers; as a selector it finds no others. Empty where there are no others. */
export const ownLabels = ({ owner }: Pick<ContainerdRuntimeOptions, "owner">): Record<string, string> =>
  owner === undefined ? {} : { [LABEL.owner]: owner };
