import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TimedStore, type MakeDisk } from "#simulator";
import type { Store } from "#store";
import { openLmdbStore } from "#store/lmdb";

/** The file that holds everything; the other one, of locks, means nothing once the process is dead. */
const DATA_FILE = "data.mdb";

/**
 * The LMDB engine in a temporary directory. When its process dies, the data file is taken as it is at that moment, as
 * kill -9 would leave it, and opened again from there: nothing that only an orderly close would write is in it. It is
 * taken between two transactions; src/store/lmdb/crash.test.ts kills a process in the middle of one. Without syncing,
 * which the death of a process does not need.
 */
export const lmdbDisk: MakeDisk = (options) => {
  const root = mkdtempSync(join(tmpdir(), "knarr-simulate-"));
  let generation = 0;
  let store: Store | undefined;
  let opened: TimedStore | undefined;
  const directory = () => join(root, String(generation));
  return {
    async open() {
      store = await openLmdbStore({ dir: directory(), clock: options.clock, history: "all", noSync: true });
      opened = new TimedStore(store, options);
      return opened;
    },
    async crash() {
      await opened?.die();
      const left = join(directory(), DATA_FILE);
      generation++;
      mkdirSync(directory());
      copyFileSync(left, join(directory(), DATA_FILE));
      // This process goes on, and must not keep the dead one's file open.
      await store?.close();
    },
    async remove() {
      await store?.close();
      rmSync(root, { recursive: true });
    },
  };
};
