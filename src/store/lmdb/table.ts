import type { Database, Transaction } from "lmdb";

export interface KeyCodec<K> {
  writeKey(key: K, target: Buffer, start: number): number;
  readKey(source: Buffer, start: number, end: number): K;
}

interface Row<K> {
  readonly key: K;
  readonly value: Uint8Array;
}

/** One sub-database: bytes under keys of one shape. Reads go through a transaction, writes belong to a batch. */
export interface Table<K> {
  get(key: K, transaction: Transaction): Uint8Array | undefined;
  /** Rows with `start <= key < end` in order of their encoded keys, read while they are iterated. */
  scan(start: K, end: K, transaction: Transaction): Iterable<Row<K>>;
  /** As {@link Table.scan}, without reading values. */
  keys(start: K, end: K, transaction: Transaction): Iterable<K>;
  /** How many rows have `start <= key < end`: counted by LMDB itself, about 0.1 µs each. */
  count(start: K, end: K, transaction: Transaction): number;
  /** The last key of the table. */
  lastKey(transaction: Transaction): K | undefined;
  put(key: K, value: Uint8Array): void;
  remove(key: K): void;
}

/** The part of lmdb-js that we use; its own types know only its own kinds of keys. */
interface RawDatabase<K> {
  get(key: K, options: { transaction: Transaction }): Uint8Array | undefined;
  getRange(options: RawRange<K>): Iterable<Row<K>>;
  getKeys(options: RawRange<K>): Iterable<K>;
  getKeysCount(options: RawRange<K>): number;
  put(key: K, value: Uint8Array): Promise<boolean>;
  remove(key: K): Promise<boolean>;
}

interface RawRange<K> {
  start?: K;
  end?: K;
  limit?: number;
  reverse?: boolean;
  transaction: Transaction;
}

/** Wraps a sub-database that was opened with this key codec and binary values. */
export function createTable<K>(database: Database): Table<K> {
  const raw = database as unknown as RawDatabase<K>;
  return {
    get: (key, transaction) => raw.get(key, { transaction }),
    scan: (start, end, transaction) => raw.getRange({ start, end, transaction }),
    keys: (start, end, transaction) => raw.getKeys({ start, end, transaction }),
    count: (start, end, transaction) => raw.getKeysCount({ start, end, transaction }),
    lastKey(transaction) {
      for (const key of raw.getKeys({ reverse: true, limit: 1, transaction })) return key;
      return undefined;
    },
    // Within a batch only the batch's own promise counts.
    put: (key, value) => void raw.put(key, value),
    remove: (key) => void raw.remove(key),
  };
}
