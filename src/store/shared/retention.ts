/**
 * How much history is kept. A revision is kept as long as either limit wants it: it is younger than `ms`
 * milliseconds, or among the newest `revisions`.
 */
export interface HistoryLimits {
  readonly ms: number;
  readonly revisions: number;
}

/** `"all"` keeps everything. */
export type History = HistoryLimits | "all";

/** kube-apiserver compacts etcd to the last 5 minutes (`--etcd-compaction-interval`); we add a floor in revisions. */
export const DEFAULT_HISTORY: HistoryLimits = { ms: 5 * 60_000, revisions: 10_000 };

/** The least number of revisions worth a compaction of their own. */
const LEAST = 500;
/** The most that go at once, so that no turn of the event loop gets long. */
const MOST = 5_000;

export interface HistoryView {
  readonly revision: number;
  readonly compacted: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** When a revision above `compacted` was written; never falls from one revision to the next. */
  timeOf(revision: number): number;
}

/** The revision to compact at, or undefined when there is too little to gain. Costs a binary search. */
export function compactionTarget(history: History, view: HistoryView): number | undefined {
  if (history === "all") return undefined;
  const { revision, compacted, now } = view;
  // An empty store is at revision 1, which nothing wrote.
  const base = Math.max(compacted, 1);
  let low = base;
  let high = Math.min(revision - history.revisions, base + MOST);
  if (high - base < LEAST) return undefined;
  // `low` may go; find the last one that may: all of `low..high` were written in order of time.
  const oldest = now - history.ms;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (view.timeOf(middle) <= oldest) low = middle;
    else high = middle - 1;
  }
  return low - base < LEAST ? undefined : low;
}

/** Says when to ask {@link compactionTarget} again, so that it costs nothing per commit. */
export function createCompactionTrigger(): (revision: number, now: number) => boolean {
  let revisionChecked = 0;
  let timeChecked = -Infinity;
  return (revision, now) => {
    if (revision - revisionChecked < LEAST && now - timeChecked < 10_000) return false;
    revisionChecked = revision;
    timeChecked = now;
    return true;
  };
}
