import { encodeLogged, encodeRecord, TOMBSTONE, type VersionKey } from "./codec.ts";
import type { Tables } from "./environment.ts";
import type { PlannedCommit } from "./group-commit.ts";

/** A row to be put, or removed where there is no value. */
export type RowWrite =
  | { readonly table: "current"; readonly key: string; readonly value: Uint8Array | undefined }
  | { readonly table: "past"; readonly key: VersionKey; readonly value: Uint8Array | undefined }
  | { readonly table: "log"; readonly key: number; readonly value: Uint8Array | undefined }
  | { readonly table: "meta"; readonly key: string; readonly value: Uint8Array };

/** The rows that commits change, in order; `time` is when, in milliseconds since the epoch. */
export function rowsOf(commits: readonly PlannedCommit[], time: number): RowWrite[] {
  const rows: RowWrite[] = [];
  for (const { revision, events } of commits) {
    for (const { key, entry, previous } of events) {
      if (previous) {
        rows.push({ table: "past", key: { key, revision: previous.modRevision }, value: encodeRecord(previous) });
      }
      rows.push({ table: "current", key, value: entry && encodeRecord(entry) });
      if (!entry) rows.push({ table: "past", key: { key, revision }, value: TOMBSTONE });
    }
    const logged = events.map(({ type, key, previous }) => ({ type, key, previous: previous?.modRevision ?? 0 }));
    rows.push({ table: "log", key: revision, value: encodeLogged({ time, events: logged }) });
  }
  return rows;
}

/** Applies one row within a transaction. */
export function applyRow(tables: Tables, row: RowWrite): void {
  switch (row.table) {
    case "current":
      if (row.value) tables.current.put(row.key, row.value);
      else tables.current.remove(row.key);
      break;
    case "past":
      if (row.value) tables.past.put(row.key, row.value);
      else tables.past.remove(row.key);
      break;
    case "log":
      if (row.value) tables.log.put(row.key, row.value);
      else tables.log.remove(row.key);
      break;
    case "meta":
      tables.meta.put(row.key, row.value);
      break;
  }
}

/** Roots, branches and free lists that any transaction may copy. */
const FIXED_PAGES = 64;

/**
 * How many pages a transaction may add to the file: per row a leaf, what splitting it makes and its branch, and the
 * pages of a value that does not fit in a leaf.
 */
export function pagesFor(rows: readonly RowWrite[], pageSize: number): number {
  let pages = FIXED_PAGES;
  for (const { table, value } of rows) {
    const bytes = value?.length ?? 0;
    // The log grows at its end: its rows share pages.
    pages += table === "log" ? (2 * (bytes + 32)) / pageSize : 3 + Math.ceil(bytes / pageSize);
  }
  return Math.ceil(pages);
}
