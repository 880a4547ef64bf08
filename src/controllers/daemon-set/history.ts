import type { ControllerRevision, DaemonSet, Pod } from "#objects";
import type { Plan } from "../framework/index.ts";
import { sameData } from "../revision-history/revisions.ts";
import { REVISION_HASH } from "./pod.ts";

export interface HistoryView {
  readonly set: DaemonSet;
  /** Its own revisions, by their number. */
  readonly revisions: readonly ControllerRevision[];
  /** That of the present template. */
  readonly present: ControllerRevision;
  /** All pods of the set: the revisions that they were made from stay. */
  readonly pods: readonly Pod[];
}

export type HistoryStep =
  /** The pod is of the present template, under another name. */
  | { readonly type: "relabel"; readonly pod: Pod; readonly hash: string }
  | { readonly type: "delete-revisions"; readonly revisions: readonly ControllerRevision[] };

/** The hash that tells the pods of a revision; one that was made without such a label goes by its name. */
export const hashOf = ({ metadata }: ControllerRevision): string =>
  metadata.labels?.[REVISION_HASH] ?? metadata.name ?? "";

/** Revisions that say the same as the present one are merged into it, with their pods (upstream dedupCurHistories). */
export function planMerge({ revisions, present, pods }: HistoryView): Plan<HistoryStep> {
  const same = revisions.filter((other) => isOther(other, present) && sameData(other, present));
  if (same.length === 0) return { steps: [], because: "no two revisions say the same" };
  const hash = hashOf(present);
  const hashes = new Set(same.map(hashOf));
  const relabel = pods
    .filter(({ metadata }) => hashes.has(metadata.labels?.[REVISION_HASH] ?? ""))
    .map((pod): HistoryStep => ({ type: "relabel", pod, hash }));
  return {
    steps: [...relabel, { type: "delete-revisions", revisions: same }],
    because: `${same.length} revisions say the same as the present one`,
  };
}

/** The lowest revisions beyond the limit go, except those that pods were made from (upstream cleanupHistory). */
export function planCleanup({ set, revisions, present, pods }: HistoryView): Plan<HistoryStep> {
  const old = revisions.filter((revision) => isOther(revision, present));
  const surplus = Math.max(0, old.length - (set.spec?.revisionHistoryLimit ?? 10));
  if (surplus === 0) return { steps: [], because: "the history is within its limit" };
  const live = new Set(pods.map(({ metadata }) => metadata.labels?.[REVISION_HASH]));
  const gone = old.filter((revision) => !live.has(hashOf(revision))).slice(0, surplus);
  return {
    steps: gone.length === 0 ? [] : [{ type: "delete-revisions", revisions: gone }],
    because: `${old.length} old revisions, of which ${gone.length} may go`,
  };
}

const isOther = (a: ControllerRevision, b: ControllerRevision) => a.metadata.name !== b.metadata.name;
