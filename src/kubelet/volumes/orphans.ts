import { readdir } from "node:fs/promises";
import type { Clock, Log, Timer } from "#base";
import { ifThere } from "./linux/errors.ts";
import { NotYetError } from "./plugin.ts";
import { removePod, type RemoveContext } from "./remove.ts";

const FIRST_MS = 500;
const MAX_MS = 122_000;

/** Removes what is left of pods that are gone. What has to wait for a driver is tried again in the background. */
export class Orphans {
  readonly #context: RemoveContext;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Set<string>();
  #timer: Timer | undefined;
  #busy: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(context: RemoveContext, clock: Clock, log: Log) {
    this.#context = context;
    this.#clock = clock;
    this.#log = log;
  }

  /** Those that are not `known` by their uid. Rejects with an AggregateError after all have been tried. */
  async remove(known: (uid: string) => boolean): Promise<void> {
    const all = (await ifThere(readdir(this.#context.layout.pods))) ?? [];
    const errors = await this.#try(all.filter((uid) => !known(uid)));
    this.#wait(FIRST_MS);
    if (errors.length > 0) throw new AggregateError(errors, "volumes of pods that are gone could not be removed");
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#busy;
  }

  async #try(uids: readonly string[]): Promise<readonly unknown[]> {
    const errors: unknown[] = [];
    for (const uid of uids) {
      try {
        await removePod(uid, this.#context);
        this.#waiting.delete(uid);
      } catch (error) {
        if (error instanceof NotYetError) this.#waiting.add(uid);
        else errors.push(error);
      }
    }
    return errors;
  }

  #wait(ms: number): void {
    if (this.#waiting.size === 0 || this.#closed) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#busy = this.#try([...this.#waiting]).then((errors) => {
        for (const error of errors) this.#log.warn("what is left of a pod could not be removed", { error });
        this.#wait(Math.min(ms * 2, MAX_MS));
      });
    }, ms);
  }
}
