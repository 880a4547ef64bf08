import type { Commit, CommitResult, Entry, StoreEvent } from "../contract.ts";

/** What a commit would do: its events, or the conflict that forbids it. */
export type CommitPlan =
  | { readonly ok: true; readonly events: readonly StoreEvent[] }
  | Extract<CommitResult, { ok: false }>;

/**
 * Decides a commit against what stands now.
 *
 * The events are in the order of the writes. Deleting a key that does not exist makes no event.
 *
 * @param revision the revision that the commit gets
 * @param lookup what stands at a key just before it
 */
export function planCommit(commit: Commit, revision: number, lookup: (key: string) => Entry | undefined): CommitPlan {
  for (const { key, modRevision } of commit.expect) {
    const entry = lookup(key);
    if ((entry?.modRevision ?? 0) !== modRevision) return { ok: false, reason: "conflict", key, entry };
  }
  const events: StoreEvent[] = [];
  for (const write of commit.writes) {
    const { key } = write;
    const previous = lookup(key);
    if (write.type === "put") {
      const { value, attachment } = write;
      const createRevision = previous?.createRevision ?? revision;
      const entry: Entry =
        attachment === undefined
          ? { key, value, modRevision: revision, createRevision }
          : { key, value, modRevision: revision, createRevision, attachment };
      events.push(previous ? { type: "put", revision, key, entry, previous } : { type: "put", revision, key, entry });
    } else if (previous) {
      events.push({ type: "delete", revision, key, previous });
    }
  }
  return { ok: true, events };
}
