import type { Job, Pod } from "#objects";
import type { Plan } from "../framework/index.ts";
import { isFinished, isManagedElsewhere } from "./conditions.ts";
import { isTracked } from "./pods.ts";

export interface OrphanView {
  readonly pod: Pod;
  /** The Job that controls the Pod; undefined: none does, or it is gone. */
  readonly job: Job | undefined;
  /** What controls the Pod is no Job. */
  readonly isForeign: boolean;
}

export interface OrphanStep {
  readonly type: "release";
  readonly pod: Pod;
}

/** A Pod that no Job will count any more loses the finalizer (upstream syncOrphanPod). */
export function planOrphan({ pod, job, isForeign }: OrphanView): Plan<OrphanStep> {
  if (!isTracked(pod)) return { steps: [], because: "it has no finalizer" };
  if (isForeign) return { steps: [], because: "something else controls it" };
  if (job && isManagedElsewhere(job)) return { steps: [], because: "another controller looks after its Job" };
  if (job && !isFinished(job)) return { steps: [], because: "its Job counts it" };
  return { steps: [{ type: "release", pod }], because: job ? "its Job has come to its end" : "it has no Job" };
}
