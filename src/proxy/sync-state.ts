/** Kernels before 6.2 need a moment before they let go of a chain. */
const STALE_AFTER_MS = 1500;
/**
 * How often to look whether the table is still there: tools that load a firewall take all tables away. Looking costs some
 * milliseconds in another process (20 with 2,000 Services); `nft monitor` would have to read every change of our own.
 */
const CHECK_MS = 2_000;
const FIRST_BACK_OFF_MS = 500;
const MAX_BACK_OFF_MS = 30_000;

/**
 * `check`: look whether the tables are still there; `drop-stale`: remove chains that nothing leads to; `sync`: tell nft
 * what has changed, or everything.
 */
export type Job = "check" | "drop-stale" | "sync";

/**
 * What nft has yet to be told, and when. Pure: what happened is handed in with the time, in milliseconds of a clock that
 * only goes forward.
 */
export class SyncState {
  readonly #minSyncMs: number;
  readonly #touched = new Set<string>();
  #whole = true;
  /** Since nft last took what it was told. */
  #failures = 0;
  /** Nothing is done before. */
  #notBefore: number;
  #checkAt: number;
  #staleAt = Infinity;

  /** `minSyncMs`: from the beginning of one transaction to the next, at least. */
  constructor(minSyncMs: number, now: number) {
    this.#minSyncMs = minSyncMs;
    this.#notBefore = now;
    this.#checkAt = now + CHECK_MS;
  }

  /** What is to be done at that time, if anything. */
  jobAt(now: number): Job | undefined {
    if (now < this.#notBefore) return undefined;
    if (now >= this.#checkAt) return "check";
    // Telling everything drops them too.
    if (now >= this.#staleAt && !this.#whole) return "drop-stale";
    return this.upToDate ? undefined : "sync";
  }

  /** When {@link jobAt} next has an answer, if nothing happens before. */
  get nextAt(): number {
    return Math.max(this.#notBefore, this.upToDate ? Math.min(this.#checkAt, this.#staleAt) : 0);
  }

  /** Nft has been told everything that was touched. */
  get upToDate(): boolean {
    return !this.#whole && this.#touched.size === 0;
  }

  /** Nft is to be told everything, not only what changed. */
  get whole(): boolean {
    return this.#whole;
  }

  /** Nft took what it was last told. */
  get healthy(): boolean {
    return this.#failures === 0;
  }

  touch(owner: string): void {
    this.#touched.add(owner);
  }

  /** The owners that were touched since. */
  takeTouched(): string[] {
    const owners = [...this.#touched];
    this.#touched.clear();
    return owners;
  }

  checked(there: boolean, now: number): void {
    this.#checkAt = now + CHECK_MS;
    if (!there) this.#whole = true;
  }

  dropping(): void {
    this.#staleAt = Infinity;
  }

  dropFailed(): void {
    this.#whole = true;
  }

  /** A transaction begins. */
  syncing(now: number): void {
    this.#notBefore = now + this.#minSyncMs;
  }

  /** `stale`: it left chains that nothing leads to. */
  synced(stale: boolean, now: number): void {
    this.#whole = false;
    this.#failures = 0;
    if (!stale) this.#staleAt = Infinity;
    else if (this.#staleAt === Infinity) this.#staleAt = now + STALE_AFTER_MS;
  }

  /** Everything is told anew, each time later. Returns the milliseconds until then. */
  syncFailed(now: number): number {
    this.#whole = true;
    const backOffMs = Math.min(FIRST_BACK_OFF_MS * 2 ** this.#failures, MAX_BACK_OFF_MS);
    this.#failures++;
    this.#notBefore = now + backOffMs;
    return backOffMs;
  }
}
