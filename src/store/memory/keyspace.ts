import type { Entry, RangeQuery, RangeResult } from "#store";
import { SortedList } from "./sorted-list.ts";
import { compactChain, entryAt, latest, type VersionChain } from "./versions.ts";

/** What stands at every key, and what stood there in the history that is kept. */
export class Keyspace {
  readonly #chains = new Map<string, VersionChain>();
  /** Keys that exist now. */
  readonly #live = new SortedList<VersionChain>();
  /** Keys that exist now or did in the history that is kept. */
  readonly #known = new SortedList<VersionChain>();

  #historyBytes = 0;

  /** Bytes of the values that are held for history alone. */
  get historyBytes(): number {
    return this.#historyBytes;
  }

  /** How many keys are remembered, deleted ones among them. */
  get known(): number {
    return this.#known.size;
  }

  get(key: string): Entry | undefined {
    const chain = this.#chains.get(key);
    return chain && latest(chain);
  }

  /** What stood at a key at a revision that is not compacted. */
  getAt(key: string, at: number): Entry | undefined {
    const chain = this.#chains.get(key);
    return chain && entryAt(chain, at);
  }

  /** What stands at the key from a revision on, which is the newest one; no entry: it is deleted. */
  set(key: string, entry: Entry | undefined, revision: number): void {
    let chain = this.#chains.get(key);
    if (!chain) {
      chain = { key, versions: [] };
      this.#chains.set(key, chain);
      this.#known.insert(chain);
    }
    const before = latest(chain);
    const existed = before !== undefined;
    this.#historyBytes += before?.value.length ?? 0;
    chain.versions.push({ revision, entry });
    if (entry && !existed) this.#live.insert(chain);
    else if (!entry && existed) this.#live.delete(key);
  }

  range({ start, end, limit, countOnly }: RangeQuery): RangeResult {
    if (countOnly) return { entries: [], more: false, count: this.#live.count(start, end) };
    const entries: Entry[] = [];
    let more = false;
    this.#live.scan(start, end, (chain) => {
      more = limit !== undefined && entries.length >= limit;
      if (!more) entries.push(latest(chain)!);
      return !more;
    });
    return { entries, more, count: more ? this.#live.count(start, end) : entries.length };
  }

  /** The range as it was at a revision that is not compacted. */
  rangeAt({ start, end, limit = Infinity, countOnly }: RangeQuery, at: number): RangeResult {
    const entries: Entry[] = [];
    let count = 0;
    this.#known.scan(start, end, (chain) => {
      const entry = entryAt(chain, at);
      if (!entry) return true;
      count++;
      if (!countOnly && entries.length < limit) entries.push(entry);
      return true;
    });
    return { entries, more: !countOnly && count > entries.length, count };
  }

  /** Drops what readers of a key at `at` or later cannot see. */
  compact(key: string, at: number): void {
    const chain = this.#chains.get(key);
    if (!chain) return;
    for (const { entry } of compactChain(chain, at)) this.#historyBytes -= entry?.value.length ?? 0;
    if (chain.versions.length > 0) return;
    this.#chains.delete(key);
    this.#known.delete(key);
  }
}
