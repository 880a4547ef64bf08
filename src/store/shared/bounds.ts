import type { TooNew, TooOld } from "../contract.ts";

/** Between which revisions a store can be read. */
export interface ReadBounds {
  /** The newest revision. */
  readonly revision: number;
  /** The oldest one. */
  readonly compacted: number;
}

/** Why nothing can be read at a revision, if so. */
export function refusedRead(at: number, { revision, compacted }: ReadBounds): TooOld | TooNew | undefined {
  if (at > revision) return { ok: false, reason: "too-new", revision };
  if (at < compacted) return { ok: false, reason: "too-old", compacted };
  return undefined;
}

/** Throws a RangeError where a compaction would go beyond the newest revision. */
export function checkCompaction(at: number, { revision }: Pick<ReadBounds, "revision">): void {
  if (at <= revision) return;
  throw new RangeError(`cannot compact at ${at}, which is after the newest revision ${revision}`);
}
