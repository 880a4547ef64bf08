import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeConformance } from "#store/testing";
import { openLmdbStore } from "./store.ts";

storeConformance(
  "lmdb",
  async (options) => {
    const dir = await mkdtemp(join(tmpdir(), "knarr-store-"));
    const open = () => openLmdbStore({ dir, noSync: true, ...options });
    let store = await open();
    return {
      store,
      async reopen() {
        await store.close();
        return (store = await open());
      },
      async dispose() {
        await store.close();
        await rm(dir, { recursive: true });
      },
    };
  },
  40,
);
