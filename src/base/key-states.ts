/**
 * Which keys wait, are being handled or back off after a failure: each at most once in the queue and once being handled.
 * What is left of a {@link WorkQueue} without time and effects.
 */
export class KeyStates {
  /** In the order in which they came. */
  readonly #waiting = new Set<string>();
  readonly #handling = new Set<string>();
  /** Of those being handled, the ones that were added meanwhile. */
  readonly #again = new Set<string>();
  /** Keys that only wait for their next attempt. */
  readonly #backingOff = new Set<string>();
  readonly #failures = new Map<string, number>();

  /** Keys in any state, each once. */
  get size(): number {
    return this.#waiting.size + this.#handling.size + this.#backingOff.size;
  }

  /** How many keys are being handled. */
  get handling(): number {
    return this.#handling.size;
  }

  /** The key waits, or comes once more when it has been handled. */
  add(key: string): void {
    if (this.#handling.has(key)) this.#again.add(key);
    else this.#enqueue(key);
  }

  /** The key that waited longest, which is being handled from now on. */
  take(): string | undefined {
    const next = this.#waiting.values().next();
    if (next.done) return undefined;
    this.#waiting.delete(next.value);
    this.#handling.add(next.value);
    return next.value;
  }

  /** The key has been handled. */
  succeed(key: string): void {
    this.#failures.delete(key);
    this.#handling.delete(key);
    if (this.#again.delete(key)) this.#enqueue(key);
  }

  /** Handling the key failed: it backs off until it is added again. Returns how often it failed in a row. */
  fail(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#handling.delete(key);
    if (this.#again.delete(key)) this.#enqueue(key);
    else this.#backingOff.add(key);
    return failures;
  }

  /** Drops all keys but those being handled, which do not come again. */
  clear(): void {
    this.#waiting.clear();
    this.#again.clear();
    this.#backingOff.clear();
  }

  #enqueue(key: string): void {
    this.#backingOff.delete(key);
    this.#waiting.add(key);
  }
}
