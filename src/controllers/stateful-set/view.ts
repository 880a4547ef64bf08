import type { PersistentVolumeClaim, Pod, StatefulSet } from "#objects";
import type { Version } from "./identity.ts";

/** What the controller looks at. */
export interface StatefulSetView {
  readonly set: StatefulSet;
  /** Its pods, terminating ones too. All have names that the set gives. */
  readonly pods: readonly Pod[];
  /** Claims of these pods and of those that `ordinalsToStart` names, as far as they are there, by name. */
  readonly claims: ReadonlyMap<string, PersistentVolumeClaim>;
  /** What pods below the partition have, and what an update brings. */
  readonly current: Version;
  readonly update: Version;
  readonly collisionCount: number;
  /** Whether the field `maxUnavailable` counts (feature gate MaxUnavailableStatefulSet). */
  readonly countsUnavailable: boolean;
}
