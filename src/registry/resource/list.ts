import { type Clock, forEachYielding } from "#base";
import { badRequest, validateListOptions } from "#objects";
import { prefixEnd, type Store } from "#store";
import { parsed } from "../cache/parsed.ts";
import { LISTED_MS, type Horizon } from "../cache/horizon.ts";
import type { ResourceCache } from "../cache/resource-cache.ts";
import type { Stored } from "../cache/stored.ts";
import type { ListQuery, ListResult } from "../contract.ts";
import type { ResourceDefinition } from "../definition.ts";
import { decodeContinue, encodeContinue } from "./continue-token.ts";
import { continueExpired, FRESH_WAIT_MS, listExpired, tooLargeRevision } from "./errors.ts";
import { parseRevision } from "./resource-version.ts";
import { compileSelection, type Selector } from "./selection.ts";

export interface ListSource {
  readonly definition: ResourceDefinition;
  readonly store: Store;
  readonly cache: ResourceCache;
  readonly horizon: Horizon;
  readonly clock: Clock;
}

/** Entries that a page of history is read in when no limit says otherwise, and with selectors at least. */
const HISTORY_PAGE = 1000;

/** What is read, and at which revision: 0 is the newest, served from the cache. */
interface Plan {
  readonly selector: Selector;
  /** The prefix of what is listed: of the resource, or of one namespace in it. */
  readonly prefix: string;
  readonly end: string;
  readonly start: string;
  readonly at: number;
  readonly atLeast: number;
  readonly limit: number;
  readonly continued: boolean;
  /** When the first page was made. */
  readonly began: number;
}

interface Page {
  readonly items: readonly Stored[];
  /** Keys follow that were not looked at. */
  readonly more: boolean;
  readonly lastKey: string;
  /** How many keys there are from the start of this page to the end. */
  readonly count: number;
  readonly revision: number;
}

/** Lists objects; rules and texts as upstream's (storage.ValidateListOptions, etcd3 GetList, cacher delegator). */
export async function list(source: ListSource, query: ListQuery): Promise<ListResult> {
  const plan = planList(source, query);
  if (plan.at > 0 && source.horizon.isPast(plan.at, source.clock.monotonic())) throw tooOld(plan);
  // A client that names no revision gets all that was committed before it asked.
  const least = plan.at || plan.atLeast || (query.resourceVersion ? 0 : source.store.revision);
  if (!(await source.cache.has(least, FRESH_WAIT_MS, source.clock))) {
    throw tooLargeRevision(least, source.cache.revision);
  }
  await prepareIndex(source.cache, plan.selector, source.clock);
  source.cache.ensureOpen();
  // As long as nothing of the resource changed since, the cache is as it was then.
  const fromCache = plan.at === 0 || (plan.at >= source.cache.lastChange && plan.at >= source.store.compacted);
  const page = fromCache ? await pageFromCache(source, plan) : await pageFromHistory(source, plan);
  return result(plan, page);
}

function planList({ definition, cache, clock }: ListSource, query: ListQuery): Plan {
  validateListOptions(query);
  const selector = compileSelection(definition, query);
  const prefix = selector.namespace ? `${cache.prefix}${selector.namespace}/` : cache.prefix;
  // A list of whatever is at hand comes whole, as from upstream's watch cache.
  const whole = query.resourceVersion === "0" && !query.continue;
  const limit = whole ? 0 : Math.max(0, query.limit ?? 0);
  const common = { selector, prefix, end: prefixEnd(prefix), limit };
  if (query.continue) {
    const token = decodeContinue(query.continue);
    if (query.resourceVersion && query.resourceVersion !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    const at = Math.max(0, token.revision);
    const now = clock.now();
    const began = at === 0 ? now : (token.began ?? now);
    if (now - began >= LISTED_MS) throw continueExpired(encodeContinue({ revision: -1, start: token.start }));
    return { ...common, start: prefix + token.start, at, atLeast: 0, continued: true, began };
  }
  const revision = parseRevision(query.resourceVersion);
  const exact = query.resourceVersionMatch === "Exact" || (!query.resourceVersionMatch && limit > 0 && revision > 0);
  return {
    ...common,
    start: prefix,
    at: exact ? revision : 0,
    atLeast: revision,
    continued: false,
    began: clock.now(),
  };
}

function result(plan: Plan, page: Page): ListResult {
  const { items, more, lastKey, revision } = page;
  if (!more) return { resourceVersion: String(revision), items };
  const start = `${lastKey.slice(plan.prefix.length)}\0`;
  return {
    resourceVersion: String(revision),
    items,
    continue: encodeContinue({ revision, start, began: plan.began }),
    // With selectors it is unknown how many of the rest match.
    ...(plan.selector.empty ? { remainingItemCount: page.count - items.length } : {}),
  };
}

/** Takes what it needs from the cache in the call: later that is another state. */
async function pageFromCache({ cache, clock }: ListSource, plan: Plan): Promise<Page> {
  const { selector, start, end, limit } = plan;
  const revision = plan.at || cache.revision;
  if (selector.empty) {
    const items = cache.range(start, end, limit || undefined);
    const count = limit > 0 ? cache.countOf(start, end) : items.length;
    return { items, more: items.length < count, lastKey: items.at(-1)?.storeKey ?? start, count, revision };
  }
  // The objects are what they are at this revision, however long looking at them takes.
  const candidates = candidatesFor(cache, selector, start, end);
  const items: Stored[] = [];
  let more = false;
  let lastKey = start;
  await forEachYielding(candidates, clock, (object) => {
    if (selector.matches(object)) {
      more = limit > 0 && items.length === limit;
      if (more) return false;
      items.push(object);
    }
    lastKey = object.storeKey;
    return true;
  });
  return { items, more, lastKey, count: 0, revision };
}

/** Makes sure that the objects are parsed before an index of them is made in one go. */
export async function prepareIndex(cache: ResourceCache, selector: Selector, clock: Clock): Promise<void> {
  if (selector.exact.some(({ field }) => !cache.isIndexed(field))) await parsed([...cache.all()], clock);
}

/** The objects among which the selected ones are, in key order. */
export function candidatesFor(cache: ResourceCache, selector: Selector, start: string, end: string): readonly Stored[] {
  if (selector.name !== undefined && (selector.namespace || !cache.namespaced)) {
    const object = cache.getByStoreKey(
      selector.namespace ? `${cache.prefix}${selector.namespace}/${selector.name}` : cache.prefix + selector.name,
    );
    return object && object.storeKey >= start && object.storeKey < end ? [object] : [];
  }
  for (const { field, read, value } of selector.exact) {
    const found = cache.indexed(field, read, value);
    // Sorting many costs more than going through all.
    if (found.size > cache.size / 8) continue;
    const objects: Stored[] = [];
    for (const object of found.values()) {
      if (object.storeKey >= start && object.storeKey < end) objects.push(object);
    }
    return objects.sort((a, b) => (a.storeKey < b.storeKey ? -1 : 1));
  }
  return cache.range(start, end);
}

const tooOld = (plan: Plan) =>
  plan.continued
    ? continueExpired(encodeContinue({ revision: -1, start: plan.start.slice(plan.prefix.length) }))
    : listExpired();

async function pageFromHistory({ cache, store }: ListSource, plan: Plan): Promise<Page> {
  const { selector, end, limit, at } = plan;
  const items: Stored[] = [];
  let { start } = plan;
  let count = 0;
  let lastKey = start;
  for (let first = true; ; first = false) {
    const size = limit === 0 ? HISTORY_PAGE : selector.empty ? limit - items.length : Math.max(limit, HISTORY_PAGE);
    const read = await store.range({ start, end, limit: size, at });
    if (!read.ok) {
      if (read.reason === "too-new") throw tooLargeRevision(at, read.revision);
      throw tooOld(plan);
    }
    if (first) count = read.value.count;
    for (const object of await cache.adopt(read.value.entries)) {
      if (selector.matches(object)) {
        if (limit > 0 && items.length === limit) {
          return { items, more: true, lastKey, count, revision: at };
        }
        items.push(object);
      }
      lastKey = object.storeKey;
    }
    if (!read.value.more || read.value.entries.length === 0) {
      return { items, more: false, lastKey, count, revision: at };
    }
    if (limit > 0 && items.length === limit) return { items, more: true, lastKey, count, revision: at };
    start = `${lastKey}\0`;
  }
}
