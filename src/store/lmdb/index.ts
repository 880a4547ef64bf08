export { DataDirInUse, DataDirUnusable } from "./errors.ts";
export type { Failpoint } from "./session.ts";
export { type LmdbStoreOptions, openLmdbStore } from "./store.ts";
