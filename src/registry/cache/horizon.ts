/**
 * How long an old revision can be listed, in milliseconds: kube-apiserver compacts etcd to what it was 5 minutes ago
 * (`--etcd-compaction-interval`). Our store may well keep more, but clients have to be ready for less, and upstream's
 * conformance suite waits for it to happen.
 */
export const LISTED_MS = 5 * 60_000;

/** The least time between two samples. */
const STEP_MS = 10_000;

/** Which revisions are too old to be listed: those that were replaced {@link LISTED_MS} ago, within 10 seconds. */
export class Horizon {
  /** Which revision was the newest at a time, oldest first; the first is the youngest that is old enough, if any is. */
  readonly #samples: { readonly at: number; readonly revision: number }[];

  constructor(revision: number, now: number) {
    this.#samples = [{ at: now, revision }];
  }

  /** `revision` is the newest at `now`. */
  note(revision: number, now: number): void {
    if (now - this.#samples.at(-1)!.at < STEP_MS) return;
    this.#forget(now);
    this.#samples.push({ at: now, revision });
  }

  /** Whether there was a newer revision {@link LISTED_MS} ago already. */
  isPast(revision: number, now: number): boolean {
    this.#forget(now);
    const [oldest] = this.#samples;
    return oldest!.at <= now - LISTED_MS && revision < oldest!.revision;
  }

  #forget(now: number): void {
    const enough = now - LISTED_MS;
    while (this.#samples.length > 1 && this.#samples[1]!.at <= enough) this.#samples.shift();
  }
}
