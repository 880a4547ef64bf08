import type { SharedCaches } from "#client";
import { Nominations } from "./preemption/nominations.ts";
import { SchedulingQueue } from "./queue/scheduling-queue.ts";
import { RefusalMemo } from "./refusal-memo.ts";
import { Snapshot } from "./snapshot/snapshot.ts";
import { Storage } from "./volumes/storage.ts";
import { Waiters } from "./volumes/waiters.ts";

/** What the parts of the scheduler share: the cluster as it knows it, and the pods that have no node yet. */
export interface SchedulingState {
  readonly snapshot: Snapshot;
  readonly queue: SchedulingQueue;
  readonly nominations: Nominations;
  readonly memo: RefusalMemo;
  readonly storage: Storage;
  /** Bindings that wait for a change of their claims. */
  readonly waiters: Waiters;
  /** Pods whose node is decided and being written, by uid. */
  readonly binding: Set<string>;
}

export function createSchedulingState(caches: SharedCaches): SchedulingState {
  const snapshot = new Snapshot();
  return {
    snapshot,
    queue: new SchedulingQueue(snapshot.namespaceLabels),
    nominations: new Nominations(),
    memo: new RefusalMemo(),
    storage: new Storage(caches),
    waiters: new Waiters(),
    binding: new Set(),
  };
}
