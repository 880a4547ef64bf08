/** Objects that vanish by themselves some time after they were written (Events). */
import { type Clock, forEachYielding, type Log, type Timer } from "#base";
import { parseTime } from "#objects";
import type { Store } from "#store";
import type { ResourceCache } from "../cache/resource-cache.ts";
import type { Stored } from "../cache/stored.ts";
import type { ResourceDefinition } from "../definition.ts";

/** Expiries that lie so close together are swept at once, in milliseconds. */
const GRAIN_MS = 5_000;
/** After a start, so long until old objects are looked for even if no client asks for the kind. */
const FIRST_LOOK_MS = 30_000;
const AT_ONCE = 64;

interface Due {
  readonly at: number;
  readonly key: string;
  readonly revision: number;
}

/**
 * Sweeps the objects of one kind. All live equally long, so they fall due in the order they were written: one
 * queue and one timer, however many there are. An object that was written again has a later place in the queue,
 * and its earlier one means nothing any more.
 */
export class Expiry {
  readonly #definition: ResourceDefinition;
  readonly #ttlMs: number;
  readonly #cache: ResourceCache;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  #queue: Due[] = [];
  #head = 0;
  /** Whether those that were there at the start are in the queue. */
  #begun = false;
  /** The sweep that is under way. */
  #sweep: Promise<void> | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(
    definition: ResourceDefinition,
    ttlMs: number,
    cache: ResourceCache,
    services: { readonly store: Store; readonly clock: Clock; readonly log: Log },
  ) {
    this.#definition = definition;
    this.#ttlMs = ttlMs;
    this.#cache = cache;
    this.#store = services.store;
    this.#clock = services.clock;
    this.#log = services.log;
    cache.onPut = (object) => this.#put(object, this.#clock.now());
    this.#timer = this.#clock.setTimeout(() => this.#wake(), FIRST_LOOK_MS);
  }

  /** Resolves once no sweep is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cache.onPut = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#sweep;
  }

  #put(object: Stored, writtenAt: number): void {
    this.#queue.push({ at: writtenAt + this.#ttlMs, key: object.storeKey, revision: object.revision });
    if (!this.#sweep) this.#schedule();
  }

  /** Puts those that were there at the start before those that were written since. */
  async #begin(): Promise<void> {
    this.#begun = true;
    const since = new Set(this.#queue.map(({ revision }) => revision));
    const now = this.#clock.now();
    await forEachYielding([...this.#cache.all()], this.#clock, (object) => {
      if (!since.has(object.revision)) this.#put(object, Math.min(this.#writtenAt(object) ?? now, now));
    });
    this.#queue.sort((a, b) => a.at - b.at);
  }

  /** The store does not say when: the object itself must. */
  #writtenAt({ object }: Stored): number | undefined {
    const text = this.#definition.ttlFrom?.(object) ?? object.metadata.creationTimestamp;
    return text ? parseTime(text) : undefined;
  }

  #schedule(): void {
    if (this.#closed || this.#timer) return;
    const next = this.#queue[this.#head];
    if (!next) return;
    const wait = Math.max(next.at - this.#clock.now(), 0) + GRAIN_MS;
    this.#timer = this.#clock.setTimeout(() => this.#wake(), wait);
  }

  #wake(): void {
    this.#timer = undefined;
    this.#sweep = this.#removeDue()
      .catch((error: unknown) => {
        if (!this.#closed) this.#log.error("looking for expired objects failed", { error: String(error) });
      })
      .finally(() => {
        this.#sweep = undefined;
        this.#schedule();
      });
  }

  async #removeDue(): Promise<void> {
    await this.#cache.load();
    if (!this.#begun) await this.#begin();
    const now = this.#clock.now();
    while (!this.#closed) {
      const due: Due[] = [];
      for (; due.length < AT_ONCE; this.#head++) {
        const next = this.#queue[this.#head];
        if (!next || next.at > now) break;
        if (this.#cache.getByStoreKey(next.key)?.revision === next.revision) due.push(next);
      }
      if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      if (due.length === 0) return;
      // Each in a commit of its own: a revision that covers several objects is no place to resume a watch from.
      await Promise.all(due.map((each) => this.#remove(each)));
    }
  }

  async #remove(due: Due): Promise<void> {
    const { key, revision } = due;
    try {
      await this.#store.commit({ expect: [{ key, modRevision: revision }], writes: [{ type: "delete", key }] });
    } catch (error) {
      if (this.#closed) return;
      this.#log.warn("an expired object could not be removed", { key, error: String(error) });
      this.#queue.push({ ...due, at: this.#clock.now() + this.#ttlMs });
    }
  }
}
