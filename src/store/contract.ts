/**
 * The one thing that is durable: an ordered map from keys to bytes with a history.
 *
 * Keys follow etcd's layout (`/registry/<resource>/<namespace>/<name>`), values are Kubernetes JSON without
 * `metadata.resourceVersion` (the revision of the entry is it). Every commit makes exactly one new revision,
 * one higher than the last. All watchers see commits in that order.
 */
export interface Store {
  /** The newest revision that is durable. An empty store starts at 1. */
  readonly revision: number;
  /** Reads and watches below this revision are refused with `too-old`; 0 when nothing was compacted yet. */
  readonly compacted: number;
  /** The entry of a key now, or as it was at revision `at`. */
  get(key: string, at?: number): Promise<Read<Entry | undefined>>;
  /** Entries with `start <= key < end` in key order (bytewise on UTF-8), now or at a revision. */
  range(query: RangeQuery): Promise<Read<RangeResult>>;
  /**
   * Applies all writes as one revision if every expectation holds, else nothing. Resolves once durable; the
   * watchers have been called with its events by then. Rejects with {@link StoreUnavailable} when the disk
   * refuses: nothing was written then, and reads go on.
   */
  commit(commit: Commit): Promise<CommitResult>;
  /**
   * Calls `sink` with every batch of events after revision `from`, in order, without gap or repetition:
   * first what history holds, then live. A batch holds whole revisions. `sink` must not block: a slow
   * watcher keeps its own cursor. Returns `too-old` when `from` is below what is retained. What history holds at the
   * call has been handed over when it resolves. A sink that returns "stop" has had enough: nothing more is read
   * for it or handed to it.
   */
  watch(
    options: { readonly from: number; readonly prefix: string },
    sink: (batch: EventBatch) => void | "stop",
  ): Promise<WatchHandle | TooOld>;
  /** Forgets history below `at`: entries at `at` and after stay readable. */
  compact(at: number): Promise<void>;
  /** Bytes on disk (0 for memory). */
  size(): number;
  /** Resolves once everything acknowledged is safe and the files are released. */
  close(): Promise<void>;
}

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** The revision that wrote this value. */
  readonly modRevision: number;
  /** The revision that created the key last. */
  readonly createRevision: number;
  /**
   * What the writer attached to the value in this process (such as its parsed form), if it is still known.
   * Never durable.
   */
  readonly attachment?: unknown;
}

export interface RangeQuery {
  readonly start: string;
  readonly end: string;
  /** At most this many entries; the result says whether more follow. */
  readonly limit?: number;
  readonly at?: number;
  /** Only count. */
  readonly countOnly?: boolean;
}

export interface RangeResult {
  readonly entries: readonly Entry[];
  readonly more: boolean;
  /** How many keys the range holds altogether. */
  readonly count: number;
}

/** What a read found, and the revision it was read at. */
export type Read<T> = { readonly ok: true; readonly value: T; readonly revision: number } | TooOld | TooNew;

export interface TooOld {
  readonly ok: false;
  readonly reason: "too-old";
  readonly compacted: number;
}

/** `at` lies in the future. */
export interface TooNew {
  readonly ok: false;
  readonly reason: "too-new";
  readonly revision: number;
}

export interface Commit {
  /** The revision each key must have been modified at last; 0: must not exist. */
  readonly expect: readonly { readonly key: string; readonly modRevision: number }[];
  readonly writes: readonly Write[];
}

export type Write =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array; readonly attachment?: unknown }
  | { readonly type: "delete"; readonly key: string };

export type CommitResult =
  | { readonly ok: true; readonly revision: number }
  /** `entry` is what stands at the first key whose expectation failed. */
  | { readonly ok: false; readonly reason: "conflict"; readonly key: string; readonly entry: Entry | undefined };

export interface StoreEvent {
  readonly type: "put" | "delete";
  readonly revision: number;
  readonly key: string;
  /** Present for puts. */
  readonly entry?: Entry;
  /** What stood at the key before, unless the put created it (or compaction has forgotten it). */
  readonly previous?: Entry;
}

export interface EventBatch {
  readonly events: readonly StoreEvent[];
  /** All events up to this revision have been handed over, also when none matched the prefix. */
  readonly revision: number;
}

export interface WatchHandle {
  readonly ok: true;
  close(): void;
}

/** The medium refuses writes: full disk, I/O error. Nothing of the commit was applied. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreUnavailable";
  }
}

/** The first key after all that start with `prefix`. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
