export type { Disk, DiskOptions, MakeDisk } from "./disk.ts";
export { simulate, type SimulationOptions, type SimulationResult } from "./simulate.ts";
export { TimedStore } from "./timed-store.ts";
