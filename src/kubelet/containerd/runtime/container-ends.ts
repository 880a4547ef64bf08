import { messageOf, sleep, type Clock, type Log } from "#base";
import type { ContainerExit } from "#kubelet";
import type { ContainerStatus } from "../cri/messages.ts";
import { CALL_MS, type Cri } from "../cri/services.ts";
import { unlessGone } from "./ids.ts";

/** A container that runs, as far as we know. */
export interface Tracked {
  readonly id: string;
  readonly sandboxId: string;
  readonly podUid: string;
  readonly name: string;
  readonly logPath: string;
  readonly exited: Promise<ContainerExit>;
}

/**
 * How an end is looked into: `once`, when it may also still run; `until-ended`, when containerd has told of its end, of
 * which CRI knows a little later.
 */
export type Look = "once" | "until-ended";

export interface EndsOptions {
  readonly cri: Cri;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when nothing is to be looked at any more. */
  readonly signal: AbortSignal;
}

export interface ContainerEndsOptions extends EndsOptions {
  /** What became of a container; `status` undefined: it is no longer there. */
  readonly exitOf: (status: ContainerStatus | undefined, id: string, oom: boolean) => Promise<ContainerExit>;
}

/** How long to wait before CRI is asked again, in milliseconds. */
export const LOOK_AGAIN_MS: readonly number[] = [5, 10, 20, 40, 80, 160, 320, 640, 1000, 2000, 5000];
/** That memory was short may be told a moment after the end that it brought about. */
const OOM_GRACE_MS = 50;
const SIGKILLED = 137;

interface Entry extends Tracked {
  readonly resolve: (exit: ContainerExit) => void;
  /** How its end is being looked into, if it is. */
  look: Look | undefined;
  /** It ran out of memory. */
  oom: boolean;
}

/** The containers that run, and how each ends. */
export class ContainerEnds {
  readonly #options: ContainerEndsOptions;
  readonly #running = new Map<string, Entry>();

  constructor(options: ContainerEndsOptions) {
    this.#options = options;
  }

  track(container: Omit<Tracked, "exited">): Tracked {
    const known = this.#running.get(container.id);
    if (known) return known;
    const { promise, resolve } = Promise.withResolvers<ContainerExit>();
    const entry: Entry = { ...container, exited: promise, resolve, look: undefined, oom: false };
    this.#running.set(container.id, entry);
    return entry;
  }

  get(id: string): Tracked | undefined {
    return this.#running.get(id);
  }

  all(): Iterable<Tracked> {
    return this.#running.values();
  }

  /** It never ran. */
  forget(id: string): void {
    this.#running.delete(id);
  }

  noteOutOfMemory(id: string): void {
    const entry = this.#running.get(id);
    if (entry) entry.oom = true;
  }

  /** Looks whether it has ended, and resolves its `exited` if so. What fails is tried again with the next look. */
  look(id: string, look: Look): void {
    const entry = this.#running.get(id);
    if (!entry) return;
    const { log, signal } = this.#options;
    this.#settle(entry, look).catch((error: unknown) => {
      if (!signal.aborted) log.debug("a container's end is looked at again later", { id, error: messageOf(error) });
    });
  }

  async #settle(entry: Entry, look: Look): Promise<void> {
    if (entry.look) {
      if (look === "until-ended") entry.look = look;
      return;
    }
    entry.look = look;
    try {
      await this.#waitForEnd(entry);
    } finally {
      entry.look = undefined;
    }
  }

  async #waitForEnd(entry: Entry): Promise<void> {
    const { cri, clock, signal, exitOf } = this.#options;
    for (const wait of LOOK_AGAIN_MS) {
      const status = await this.#statusOf(entry.id);
      switch (status?.state) {
        case "CONTAINER_RUNNING":
        case "CONTAINER_CREATED":
          if (entry.look === "once") return;
          await sleep(clock, wait, signal);
          continue;
        case "CONTAINER_UNKNOWN":
          // Whether it still runs cannot be told: it must not.
          await unlessGone(
            cri.call("RuntimeService.StopContainer", { containerId: entry.id }, { timeoutMs: CALL_MS, signal }),
          );
          continue;
        default: {
          if (status?.exitCode === SIGKILLED && !entry.oom) await sleep(clock, OOM_GRACE_MS, signal);
          const exit = await exitOf(status, entry.id, entry.oom);
          this.#running.delete(entry.id);
          entry.resolve(exit);
          return;
        }
      }
    }
  }

  async #statusOf(containerId: string): Promise<ContainerStatus | undefined> {
    const { cri, signal } = this.#options;
    const found = await unlessGone(
      cri.call("RuntimeService.ContainerStatus", { containerId }, { timeoutMs: CALL_MS, signal }),
    );
    return found?.status ?? undefined;
  }
}
