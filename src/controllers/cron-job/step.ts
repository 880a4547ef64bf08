import type { CronJob, Job, New, ObjectReference } from "#objects";

export interface CronJobView {
  readonly cronJob: CronJob;
  /** The Jobs that it controls. */
  readonly jobs: readonly Job[];
  /** The uids of those on its list of active Jobs that are not there any more; the API was asked. */
  readonly missing: ReadonlySet<string>;
  /** Of a schedule that names none. */
  readonly timeZone: string;
  /** From earlier looks; absent: there was none. */
  readonly remembered?: Remembered;
}

/** What is remembered of a CronJob from look to look. */
export interface Remembered {
  /** Its schedule at the last look, with its time zone. */
  readonly schedule: string;
  /** Since when it has this schedule, if another one was seen before: times before that are no times of it. */
  readonly since?: number;
  /** The last missed time that an Event has told of. */
  readonly missed?: number;
}

export type CronJobStep =
  | { readonly type: "event"; readonly level: "Normal" | "Warning"; readonly reason: string; readonly message: string }
  /** It does not run any more: it goes from the list of active Jobs. */
  | { readonly type: "forget"; readonly uid: string }
  /** A Job succeeded then, later than any before. */
  | { readonly type: "succeeded"; readonly time: string }
  /** `needed`: what follows is not to be done without. */
  | { readonly type: "delete"; readonly job: ObjectReference; readonly needed: boolean }
  | { readonly type: "start"; readonly job: New<Job>; readonly scheduledAt: number }
  | { readonly type: "remember"; readonly what: Remembered };

export const normal = (reason: string, message: string): CronJobStep => ({
  type: "event",
  level: "Normal",
  reason,
  message,
});

export const warning = (reason: string, message: string): CronJobStep => ({
  type: "event",
  level: "Warning",
  reason,
  message,
});
