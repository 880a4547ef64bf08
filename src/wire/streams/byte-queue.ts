/** How many bytes several queues may hold together. */
export class ByteBudget {
  readonly limit: number;
  #used = 0;
  #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  change(bytes: number): void {
    this.#used += bytes;
    if (bytes < 0) this.wake();
  }

  /** Wakes the waiting side. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** Resolves when something was taken out of one of the queues. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/**
 * Bytes between a writer and a reader. A writer that awaits {@link push} is held up while more than `limit`
 * bytes wait here, or more than the budget allows in all of its queues. There is one reader.
 */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  readonly #limit: number;
  readonly #budget: ByteBudget;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #dropped = false;
  #error: Error | undefined;
  #reader: (() => void) | undefined;

  constructor(limit: number, budget: ByteBudget = new ByteBudget(Number.POSITIVE_INFINITY)) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** Resolves once there is room for more. Bytes for a queue that ended or was abandoned by its reader are dropped. */
  async push(bytes: Uint8Array): Promise<void> {
    if (this.#ended || this.#dropped || bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#budget.change(bytes.length);
    this.#reader?.();
    while (!this.#ended && (this.#bytes > this.#limit || this.#budget.used > this.#budget.limit)) {
      await this.#budget.changed();
    }
  }

  /** Nothing more comes. With an error, reading fails with it after what is there. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#budget.wake();
    this.#reader?.();
  }

  /** The reader is gone. */
  drop(): void {
    this.#dropped = true;
    this.#ended = true;
    this.#chunks = [];
    this.#budget.change(-this.#bytes);
    this.#budget.wake();
    this.#bytes = 0;
    this.#reader?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const next = this.#chunks.shift();
        if (next) {
          this.#bytes -= next.length;
          this.#budget.change(-next.length);
          yield next;
        } else if (this.#ended) {
          if (this.#error && !this.#dropped) throw this.#error;
          return;
        } else {
          await new Promise<void>((resolve) => (this.#reader = resolve));
          this.#reader = undefined;
        }
      }
    } finally {
      this.drop();
    }
  }
}
