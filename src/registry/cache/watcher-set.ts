import type { RingEntry } from "./ring.ts";
import type { Stored } from "./stored.ts";

/**
 * One reader of the ring. It is told only of the first change that may concern it since it last looked; what it
 * has seen, and how fast, is its own affair.
 */
export class Watcher {
  /** Number and revision of the first change that may concern it; undefined when there was none. */
  news: { readonly number: number; readonly revision: number } | undefined;
  #wake: (() => void) | undefined;

  notify(number: number, revision: number): void {
    this.news ??= { number, revision };
    this.wake();
  }

  /** Lets {@link parked} go on, for news or for another reason. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Resolves at the next {@link wake}. */
  parked(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** What a watcher needs to be told of: changes of objects of which a field has this value, before or after. */
export interface Interest {
  readonly field: string;
  readonly value: string;
  readonly read: (object: Stored) => string;
}

interface Bucket {
  readonly read: (object: Stored) => string;
  readonly byValue: Map<string, Set<Watcher>>;
}

/** The watchers of a resource, by what they wait for: a change costs a watcher nothing that it cannot concern. */
export class WatcherSet {
  readonly #all = new Set<Watcher>();
  readonly #buckets = new Map<string, Bucket>();
  #size = 0;
  #first: { readonly number: number; readonly revision: number } | undefined;

  get size(): number {
    return this.#size;
  }

  /** Without an interest: told of everything. Returns the function that takes it out again. */
  add(watcher: Watcher, interest: Interest | undefined): () => void {
    this.#size++;
    if (!interest) {
      this.#all.add(watcher);
      return () => {
        if (this.#all.delete(watcher)) this.#size--;
      };
    }
    const { field, value, read } = interest;
    let bucket = this.#buckets.get(field);
    if (!bucket) this.#buckets.set(field, (bucket = { read, byValue: new Map() }));
    let watchers = bucket.byValue.get(value);
    if (!watchers) bucket.byValue.set(value, (watchers = new Set()));
    watchers.add(watcher);
    return () => {
      if (watchers.delete(watcher)) this.#size--;
      if (watchers.size > 0 || bucket.byValue.get(value) !== watchers) return;
      bucket.byValue.delete(value);
      if (bucket.byValue.size === 0 && this.#buckets.get(field) === bucket) this.#buckets.delete(field);
    };
  }

  /** A change was added to the ring under this number. Those who want everything are told at {@link flush}. */
  changed(change: RingEntry, number: number): void {
    this.#first ??= { number, revision: change.revision };
    for (const { read, byValue } of this.#buckets.values()) {
      const value = change.current && read(change.current);
      const old = change.previous && read(change.previous);
      if (value !== undefined) notify(byValue.get(value), number, change.revision);
      if (old !== undefined && old !== value) notify(byValue.get(old), number, change.revision);
    }
  }

  /** The batch is over. */
  flush(): void {
    if (!this.#first) return;
    notify(this.#all, this.#first.number, this.#first.revision);
    this.#first = undefined;
  }

  /** Wakes every watcher, with or without events. */
  wakeAll(): void {
    for (const watcher of this.#all) watcher.wake();
    for (const { byValue } of this.#buckets.values()) {
      for (const watchers of byValue.values()) for (const watcher of watchers) watcher.wake();
    }
  }
}

function notify(watchers: ReadonlySet<Watcher> | undefined, number: number, revision: number): void {
  if (!watchers) return;
  for (const watcher of watchers) watcher.notify(number, revision);
}
