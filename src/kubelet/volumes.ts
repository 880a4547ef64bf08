import type { Pod } from "#objects";
import type { AnyContainer, Mount } from "./runtime.ts";

/** Brings the volumes of pods onto a node. */
export interface Volumes {
  /**
   * Sees to it that every volume that the pod's containers use is there and holds what it should; from then on
   * it is kept so (a ConfigMap that changes, a token that expires). Called again, only what lacks is done.
   * Rejects with an Error whose message is the text of a FailedMount Event.
   */
  mount(pod: Pod): Promise<void>;
  /** What one container gets of them; sub paths are made. Rejects with a RuntimeError. `env`: for subPathExpr. */
  mountsOf(pod: Pod, container: AnyContainer, env: Readonly<Record<string, string>>): Promise<readonly Mount[]>;
  /** Nothing of the pod runs any more: takes its volumes away. Resolves when nothing is left of them. */
  unmount(pod: Pod): Promise<void>;
  close(): Promise<void>;
}
