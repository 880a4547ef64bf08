import type { WatchEvent } from "../contract.ts";
import type { Past } from "./history.ts";
import type { ResourceCache } from "./resource-cache.ts";
import type { Stored } from "./stored.ts";
import type { Watcher } from "./watcher-set.ts";

/** At most about so many events, and so many changes looked at, in one go. */
const MAX_EVENTS = 512;
const MAX_CHANGES = 2048;

/** Where one watch stands in the changes of its resource. */
export class Cursor {
  readonly #cache: ResourceCache;
  readonly #watcher: Watcher;
  readonly #matches: (object: Stored) => boolean;
  #position: number;
  /** The number of the next change to look at, if it is in the ring still. */
  #next: number;
  #atEnd: boolean;

  /** `from`: changes up to this revision are not wanted; it may lie in the future. */
  constructor(cache: ResourceCache, watcher: Watcher, matches: (object: Stored) => boolean, from: number) {
    this.#cache = cache;
    this.#watcher = watcher;
    this.#matches = matches;
    this.#position = from;
    this.#next = from >= cache.ring.floor ? cache.ring.after(from) : -1;
    this.#atEnd = from >= cache.revision;
  }

  /** Everything up to this revision was looked at. */
  get position(): number {
    return this.#position;
  }

  /** Whether nothing is left to look at until there are news. */
  get atEnd(): boolean {
    return this.#atEnd && this.#watcher.news === undefined;
  }

  /**
   * The next events; none when there are none, or only ones that do not concern this watch. "behind" when what is
   * next is no longer in the ring: see {@link takePast}.
   */
  take(): readonly WatchEvent[] | "behind" {
    const { ring } = this.#cache;
    const { news } = this.#watcher;
    this.#watcher.news = undefined;
    if (this.#atEnd) {
      if (!news) {
        this.#arrive();
        return [];
      }
      // Between what was looked at and the news nothing concerned this watch.
      this.#next = news.number;
      this.#position = Math.max(this.#position, news.revision - 1);
      this.#atEnd = false;
    }
    if (this.#next < ring.start) {
      if (this.#position < ring.floor) return "behind";
      this.#next = ring.after(this.#position);
    }
    const since = this.#position;
    const limit = this.#next + MAX_CHANGES;
    const events: WatchEvent[] = [];
    while (this.#next < ring.end) {
      const change = ring.at(this.#next);
      // One commit is handed over as a whole, so that its revision is a place to go on from.
      const full = events.length >= MAX_EVENTS || this.#next >= limit;
      if (full && change.revision > this.#position) return events;
      if (change.revision > since) {
        const event = change.seenThrough(this.#matches);
        if (event) events.push(event);
        this.#position = change.revision;
      }
      this.#next++;
    }
    this.#arrive();
    return events;
  }

  /** The events in a piece of history; the cursor goes on behind it. */
  takePast(past: Past): readonly WatchEvent[] {
    const events: WatchEvent[] = [];
    for (const change of past.changes) {
      const event = change.seenThrough(this.#matches);
      if (event) events.push(event);
    }
    this.#position = Math.max(this.#position, past.revision);
    this.#next = this.#position >= this.#cache.ring.floor ? this.#cache.ring.after(this.#position) : -1;
    return events;
  }

  #arrive(): void {
    this.#atEnd = true;
    this.#next = this.#cache.ring.end;
    this.#position = Math.max(this.#position, this.#cache.revision);
  }
}
