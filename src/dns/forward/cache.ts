import type { Clock } from "#base";
import type { Layout } from "../message/walk.ts";
import { lifetime } from "./response.ts";

/** Responses that can be given again. */
export interface ResponseCache {
  get(key: string): { readonly message: Buffer; readonly layout: Layout; readonly ageSeconds: number } | undefined;
  put(key: string, message: Buffer, layout: Layout): void;
}

interface Entry {
  readonly message: Buffer;
  readonly layout: Layout;
  readonly at: number;
  readonly until: number;
}

const MAX_ENTRIES = 4096;
/** Of one response; with the number of entries it bounds the whole, to 8 MiB. */
const MAX_BYTES = 2048;

/** Makes an empty cache. What was put in first goes first when it is full. */
export function createResponseCache(clock: Clock): ResponseCache {
  const entries = new Map<string, Entry>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      const now = clock.monotonic();
      if (now >= entry.until) {
        entries.delete(key);
        return undefined;
      }
      return { message: entry.message, layout: entry.layout, ageSeconds: Math.floor((now - entry.at) / 1000) };
    },
    put(key, message, layout) {
      const seconds = lifetime(message, layout);
      if (seconds === 0 || message.length > MAX_BYTES) return;
      const at = clock.monotonic();
      entries.delete(key);
      // A copy: the message may be a piece of a larger buffer, which it would hold.
      entries.set(key, { message: Buffer.from(message), layout, at, until: at + seconds * 1000 });
      if (entries.size > MAX_ENTRIES) entries.delete(entries.keys().next().value ?? key);
    },
  };
}
