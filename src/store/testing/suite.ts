import assert from "node:assert/strict";
import type { Clock } from "#base";
import type { Commit, CommitResult, Entry, EventBatch, History, Read, Store, StoreEvent, Write } from "#store";

/** A store for one test, which no other test uses. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens it again on the same data; absent where nothing outlives a store. */
  readonly reopen?: () => Promise<Store>;
  /** Closes whatever is open and removes the data. */
  readonly dispose: () => Promise<void>;
}

export interface OpenOptions {
  readonly clock?: Clock;
  readonly history?: History;
}

/** Opens an empty store. */
export type OpenStore = (options?: OpenOptions) => Promise<StoreUnderTest>;

/** Registers one numbered behaviour; the test gets a store of its own. "skip": the engine has no such thing. */
export type Behaviour = (
  title: string,
  run: (store: Store, context: StoreUnderTest) => Promise<void | "skip">,
  options?: OpenOptions,
) => void;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array): string => new TextDecoder().decode(value);

export const putOf = (key: string, value: string, attachment?: unknown): Write => ({
  type: "put",
  key,
  value: bytes(value),
  ...(attachment !== undefined && { attachment }),
});
export const deleteOf = (key: string): Write => ({ type: "delete", key });

/** Commits and returns the revision; fails the test on a conflict. */
export async function commit(store: Store, writes: readonly Write[], expect: Commit["expect"] = []): Promise<number> {
  const result = await store.commit({ expect, writes });
  assert(result.ok, `unexpected conflict: ${JSON.stringify(result)}`);
  return result.revision;
}

export const put = (store: Store, key: string, value: string): Promise<number> => commit(store, [putOf(key, value)]);
export const remove = (store: Store, key: string): Promise<number> => commit(store, [deleteOf(key)]);

/** An entry, comparable and legible: value as text, without the attachment. */
export const plain = (entry: Entry | undefined) =>
  entry && {
    key: entry.key,
    value: text(entry.value),
    modRevision: entry.modRevision,
    createRevision: entry.createRevision,
  };

export const plainEvent = ({ type, revision, key, entry, previous }: StoreEvent) => ({
  type,
  revision,
  key,
  entry: plain(entry),
  previous: plain(previous),
});

export const plainResult = (result: CommitResult) => (result.ok ? result : { ...result, entry: plain(result.entry) });

/** The value of a read that must succeed. */
export function found<T>(read: Read<T>): T {
  assert(read.ok, `unexpected refusal: ${JSON.stringify(read)}`);
  return read.value;
}

/** A watch that remembers what it was given. */
export interface Recorder {
  readonly batches: readonly EventBatch[];
  /** All events so far. */
  readonly events: readonly StoreEvent[];
  /** How far it has been told. */
  readonly revision: number;
  close(): void;
}

/** Starts a watch; fails the test if it is refused. */
export async function record(store: Store, from: number, prefix = ""): Promise<Recorder> {
  const batches: EventBatch[] = [];
  const handle = await store.watch({ from, prefix }, (batch) => {
    batches.push(batch);
  });
  assert(handle.ok, `unexpected refusal: ${JSON.stringify(handle)}`);
  return {
    batches,
    get events() {
      return batches.flatMap(({ events }) => events);
    },
    get revision() {
      return batches.at(-1)?.revision ?? from;
    },
    close: () => handle.close(),
  };
}

/** Lets the event loop go round until the condition holds; fails the test if it takes longer than any machine needs. */
export async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + 120_000;
  while (!condition()) {
    assert(performance.now() < limit, `waited in vain until ${condition.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
