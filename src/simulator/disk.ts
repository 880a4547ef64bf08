import type { Random, VirtualClock } from "#base";
import { createMemoryStore } from "#store/memory";
import { TimedStore } from "./timed-store.ts";

/** Keeps what was committed over the death of the process that has the store open. */
export interface Disk {
  /** Opens the store, with everything that was acknowledged before. */
  open(): Promise<TimedStore>;
  /** The process that has it open dies, without a chance to close it. */
  crash(): Promise<void>;
  /** The run is over: closes the store and removes what it left. */
  remove(): Promise<void>;
}

export interface DiskOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  /** The longest that a commit takes, in virtual milliseconds. */
  readonly commitMs: number;
}

/** Makes the disk of one run. */
export type MakeDisk = (options: DiskOptions) => Disk;

/** A disk in memory, which loses nothing that the store was given, acknowledged or not. */
export const memoryDisk: MakeDisk = (options) => {
  const store = createMemoryStore({ clock: options.clock, history: "all" });
  let opened: TimedStore | undefined;
  return {
    open: () => Promise.resolve((opened = new TimedStore(store, options))),
    async crash() {
      await opened?.die();
    },
    remove: () => store.close(),
  };
};
