import type { Clock } from "./clock.ts";
import { KeyDelays } from "./key-delays.ts";
import { KeyStates } from "./key-states.ts";

/** How long a key that keeps failing waits: doubling from `initialMs` up to `maxMs`. */
export interface BackOff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** What upstream's controllers use by default (client-go DefaultControllerRateLimiter): 5 ms to 1000 s. */
export const CONTROLLER_BACK_OFF: BackOff = { initialMs: 5, maxMs: 1000_000 };

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Handles one key; a rejection puts the key back with back-off. */
  readonly handle: (key: string) => Promise<void>;
  /** How many keys are handled at once; never the same key twice. Default 1. */
  readonly concurrency?: number;
  readonly backOff?: BackOff;
  readonly onError?: (key: string, error: unknown, attempt: number) => void;
}

/**
 * Keys waiting to be handled: each at most once in the queue and once being handled; one that is added while being
 * handled is handled again afterwards.
 */
export interface WorkQueue {
  add(key: string): void;
  /** Adds the key after a delay; of several delays for one key the earliest counts. */
  addAfter(key: string, ms: number): void;
  /** Keys waiting, being handled, or waiting out the back-off after a failure; not those that {@link addAfter} delays. */
  readonly size: number;
  /** Stops taking keys, drops delayed ones and resolves once no key is being handled. */
  close(): Promise<void>;
}

/** Makes a {@link WorkQueue}. Handling starts in a microtask after the first key is added. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new KeyedWorkQueue(options);
}

class KeyedWorkQueue implements WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #concurrency: number;
  readonly #backOff: BackOff;
  readonly #keys = new KeyStates();
  readonly #delays: KeyDelays;
  #startsSoon = false;
  /** From the call of {@link close} on. */
  #closing: PromiseWithResolvers<void> | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? 1;
    this.#backOff = options.backOff ?? CONTROLLER_BACK_OFF;
    this.#delays = new KeyDelays(options.clock, (key) => this.add(key));
  }

  get size(): number {
    return this.#keys.size;
  }

  add(key: string): void {
    if (this.#closing) return;
    this.#keys.add(key);
    this.#startSoon();
  }

  addAfter(key: string, ms: number): void {
    if (this.#closing) return;
    if (ms <= 0) this.add(key);
    else this.#delays.set(key, ms);
  }

  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = Promise.withResolvers();
      this.#keys.clear();
      this.#delays.clear();
      this.#resolveIfIdle();
    }
    return this.#closing.promise;
  }

  #startSoon(): void {
    if (this.#startsSoon || this.#closing) return;
    this.#startsSoon = true;
    queueMicrotask(this.#start);
  }

  readonly #start = (): void => {
    this.#startsSoon = false;
    while (!this.#closing && this.#keys.handling < this.#concurrency) {
      const key = this.#keys.take();
      if (key === undefined) return;
      void this.#handle(key);
    }
  };

  async #handle(key: string): Promise<void> {
    try {
      await this.#options.handle(key);
      this.#keys.succeed(key);
    } catch (error) {
      this.#failed(key, error);
    } finally {
      this.#startSoon();
      this.#resolveIfIdle();
    }
  }

  #failed(key: string, error: unknown): void {
    const attempt = this.#keys.fail(key);
    if (this.#closing) {
      this.#keys.clear();
      return;
    }
    this.#options.onError?.(key, error, attempt);
    this.addAfter(key, backOffMs(this.#backOff, attempt));
  }

  #resolveIfIdle(): void {
    if (this.#keys.handling === 0) this.#closing?.resolve();
  }
}

/** How long a key waits after so many failures in a row. */
const backOffMs = ({ initialMs, maxMs }: BackOff, failures: number): number =>
  Math.min(initialMs * 2 ** (failures - 1), maxMs);
