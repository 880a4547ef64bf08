import type { Transaction } from "lmdb";
import type { Entry } from "#store";
import { decodeRecord, type VersionKey } from "./codec.ts";
import type { Table } from "./table.ts";

/** Versions of one key that are stepped over before a new seek is cheaper. */
const STEPS = 8;

/** What `past` says of a key: no entry where it did not exist, or where only `current` knows. */
export interface PastEntry {
  readonly key: string;
  readonly entry: Entry | undefined;
}

/** The table `past` in one transaction: versions that were replaced, by key and newest first. */
export class PastVersions {
  readonly #table: Table<VersionKey>;
  readonly #transaction: Transaction;

  constructor(table: Table<VersionKey>, transaction: Transaction) {
    this.#table = table;
    this.#transaction = transaction;
  }

  /** The version of a key that a revision wrote. */
  writtenBy(revision: number, key: string): Entry | undefined {
    const record = this.#table.get({ key, revision }, this.#transaction);
    return record && decodeRecord(key, record);
  }

  /** The newest version of a key that is not after `at`. */
  at(key: string, at: number): Entry | undefined {
    for (const row of this.#table.scan({ key, revision: at }, { key, revision: -1 }, this.#transaction)) {
      return decodeRecord(key, row.value);
    }
    return undefined;
  }

  /** For each key of the range that has versions: what they say about it at `at`. The bounds are encodable ones. */
  *range(start: string, end: string, at: number): Generator<PastEntry, undefined> {
    for (let from: string | undefined = start; from !== undefined;) from = yield* this.#run(from, end, at);
  }

  /** As {@link range}, up to a key with many versions; returns where to go on after it. */
  *#run(start: string, end: string, at: number): Generator<PastEntry, string | undefined> {
    let key: string | undefined;
    let found = false;
    let steps = 0;
    const rows = this.#table.scan(
      { key: start, revision: Infinity },
      { key: end, revision: Infinity },
      this.#transaction,
    );
    for (const row of rows) {
      if (row.key.key !== key) {
        if (key !== undefined && !found) yield { key, entry: undefined };
        ({ key } = row.key);
        found = false;
        steps = 0;
      }
      if (!found && row.key.revision <= at) {
        found = true;
        yield { key, entry: decodeRecord(key, row.value) };
      }
      if (++steps < STEPS) continue;
      // Straight to the version we want, then to the next key.
      if (!found) yield { key, entry: this.at(key, at) };
      return `${key}\u0001`;
    }
    if (key !== undefined && !found) yield { key, entry: undefined };
    return undefined;
  }
}
