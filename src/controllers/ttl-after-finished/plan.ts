import type { Job } from "#objects";
import type { Plan } from "../framework/definition.ts";

export interface FinishedView {
  readonly job: Job;
}

export interface FinishedStep {
  readonly type: "delete";
  /** When its time was over, in milliseconds since the epoch. */
  readonly expiredAt: number;
}

/**
 * Whether a finished Job has been kept for as long as it says (upstream ttlafterfinished). One that has finished in the
 * future, by a clock that differs, is kept for so much longer.
 */
export function planFinished({ job: { metadata, spec, status } }: FinishedView, now: number): Plan<FinishedStep> {
  const ttl = spec?.ttlSecondsAfterFinished;
  if (ttl === undefined) return { steps: [], because: "it is kept for good" };
  if (metadata.deletionTimestamp !== undefined) return { steps: [], because: "it is being deleted" };
  const end = status?.conditions?.find(
    ({ type, status: value }) => value === "True" && (type === "Complete" || type === "Failed"),
  );
  if (!end) return { steps: [], because: "it has not finished" };
  const finishedAt = Date.parse(end.lastTransitionTime ?? "");
  if (Number.isNaN(finishedAt)) return { steps: [], because: "it does not say when it finished" };
  const expiredAt = finishedAt + ttl * 1000;
  if (now < expiredAt) return { steps: [], requeueAt: expiredAt, because: `it is kept for ${ttl} s after its end` };
  return { steps: [{ type: "delete", expiredAt }], because: `its ${ttl} s after its end are over` };
}
