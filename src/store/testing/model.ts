import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Store } from "#store";
import {
  type Behaviour,
  found,
  type OpenStore,
  plain,
  plainEvent,
  plainResult,
  putOf,
  deleteOf,
  record,
} from "./suite.ts";

interface ModelEntry {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
  readonly createRevision: number;
}

type State = ReadonlyMap<string, ModelEntry>;
type ModelWrite = { readonly key: string; readonly value: string | undefined };

/** What a commit expects of a key: that it is as the model says, or something else. */
interface ModelCommit {
  readonly writes: readonly ModelWrite[];
  readonly expect: readonly { readonly key: string; readonly right: boolean; readonly otherwise: number }[];
}

type Step =
  | { readonly do: "commit"; readonly commits: readonly ModelCommit[] }
  | { readonly do: "compact"; readonly back: number }
  | { readonly do: "watch"; readonly back: number; readonly prefix: string }
  /** A client begins to read pages, now or at an earlier revision. */
  | { readonly do: "list"; readonly back: number; readonly limit: number }
  /** Every such client reads its next page. */
  | { readonly do: "page" }
  | { readonly do: "reopen" };

/** A list in pages that has not come to its end. */
interface Listing {
  readonly at: number;
  readonly limit: number;
  readonly seen: ReturnType<typeof plain>[];
  start: string;
}

/** The store as a list of all its states: state i is revision i + 1. */
class Model {
  readonly states: State[] = [new Map()];
  compacted = 0;
  get revision(): number {
    return this.states.length;
  }
  at(revision: number): State {
    return this.states[revision - 1]!;
  }
  commit(expect: readonly { key: string; modRevision: number }[], writes: readonly ModelWrite[]) {
    const now = this.at(this.revision);
    for (const { key, modRevision } of expect) {
      const entry = now.get(key);
      if ((entry?.modRevision ?? 0) !== modRevision) return { ok: false as const, reason: "conflict", key, entry };
    }
    const revision = this.revision + 1;
    const next = new Map(now);
    for (const { key, value } of writes) {
      if (value === undefined) next.delete(key);
      else
        next.set(key, { key, value, modRevision: revision, createRevision: now.get(key)?.createRevision ?? revision });
    }
    this.states.push(next);
    return { ok: true as const, revision };
  }
  range(revision: number): ModelEntry[] {
    return [...this.at(revision).values()].toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }
  /** What changed between a revision and the one before, by key. */
  events(revision: number) {
    const before = this.at(revision - 1);
    const after = this.at(revision);
    return [...new Set([...before.keys(), ...after.keys()])]
      .filter((key) => before.get(key)?.modRevision !== after.get(key)?.modRevision)
      .map((key) => ({
        type: after.has(key) ? "put" : "delete",
        revision,
        key,
        entry: after.get(key),
        previous: before.get(key),
      }));
  }
}

const key = fc.constantFrom("/a", "/a/", "/a/b", "/a/c", "/ab", "/b/x", "/b/y", "/\u{1f600}", "/\ue000");
const write: fc.Arbitrary<ModelWrite> = fc.record({
  key,
  value: fc.option(fc.string({ maxLength: 3 }), { nil: undefined }),
});
const modelCommit: fc.Arbitrary<ModelCommit> = fc.record({
  writes: fc.uniqueArray(write, { maxLength: 3, selector: (each) => each.key }),
  expect: fc.array(fc.record({ key, right: fc.integer({ min: 0, max: 4 }).map((n) => n > 0), otherwise: fc.nat(9) }), {
    maxLength: 2,
  }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("commit" as const),
      commits: fc.array(modelCommit, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("compact" as const), back: fc.nat(6) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("watch" as const),
      back: fc.nat(6),
      prefix: fc.constantFrom("", "/a", "/a/", "/b/"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("list" as const), back: fc.nat(6), limit: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 4, arbitrary: fc.constant({ do: "page" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "reopen" as const }) },
);

/** Events of one revision come in the order of the writes, which the model does not keep. */
const byRevisionAndKey = (a: { revision: number; key: string }, b: { revision: number; key: string }) =>
  a.revision - b.revision || (a.key < b.key ? -1 : 1);

async function check(open: OpenStore, steps: readonly Step[]): Promise<void> {
  const context = await open({ history: "all" });
  let store: Store = context.store;
  const model = new Model();
  let watches: {
    readonly from: number;
    readonly prefix: string;
    readonly recorder: Awaited<ReturnType<typeof record>>;
  }[] = [];

  let listings: Listing[] = [];

  const checkWatches = () => {
    for (const { from, prefix, recorder } of watches) {
      const expected = [];
      for (let revision = from + 1; revision <= model.revision; revision++) {
        expected.push(...model.events(revision).filter((event) => event.key.startsWith(prefix)));
      }
      assert.deepEqual(recorder.events.map(plainEvent).toSorted(byRevisionAndKey), expected.toSorted(byRevisionAndKey));
      assert.equal(recorder.revision, model.revision);
    }
  };

  const checkReads = async () => {
    assert.equal(store.revision, model.revision);
    for (let at = Math.max(model.compacted, 1); at <= model.revision; at++) {
      const expected = model.range(at);
      const { entries, count } = found(await store.range({ start: "\u0001", end: "\u{10ffff}", at }));
      assert.deepEqual(entries.map(plain), expected);
      assert.equal(count, expected.length);
      for (const name of ["/a", "/a/b", "/\ue000"]) {
        assert.deepEqual(plain(found(await store.get(name, at))), model.at(at).get(name));
      }
    }
    const { entries } = found(await store.range({ start: "\u0001", end: "\u{10ffff}" }));
    assert.deepEqual(entries.map(plain), model.range(model.revision));
  };

  /** Reads the next page of a list; returns whether more follow. */
  const readPage = async (listing: Listing): Promise<boolean> => {
    const { at, limit, start, seen } = listing;
    const read = await store.range({ start, end: "\u{10ffff}", limit, at });
    if (at < model.compacted) {
      assert.deepEqual(read, { ok: false, reason: "too-old", compacted: model.compacted });
      return false;
    }
    const { entries, more } = found(read);
    seen.push(...entries.map(plain));
    assert.deepEqual(seen, model.range(at).slice(0, seen.length), `pages of ${limit} at ${at}`);
    assert.equal(more, seen.length < model.range(at).length);
    if (more) listing.start = `${entries.at(-1)!.key}\0`;
    return more;
  };
  const readPages = async () => {
    const unfinished = [];
    for (const listing of listings) if (await readPage(listing)) unfinished.push(listing);
    listings = unfinished;
  };

  const run: { [D in Step["do"]]: (each: Extract<Step, { do: D }>) => Promise<void> } = {
    async commit({ commits }) {
      // All at once: each is decided as if those before it had happened.
      const outcomes = commits.map(({ writes, expect }) => {
        const now = model.at(model.revision);
        const expected = expect.map(({ key: name, right, otherwise }) => ({
          key: name,
          modRevision: right ? (now.get(name)?.modRevision ?? 0) : otherwise,
        }));
        return {
          expected: model.commit(expected, writes),
          actual: store.commit({
            expect: expected,
            writes: writes.map(({ key: name, value }) => (value === undefined ? deleteOf(name) : putOf(name, value))),
          }),
        };
      });
      for (const { expected, actual } of outcomes) {
        assert.deepEqual(plainResult(await actual), expected);
      }
      checkWatches();
    },
    async compact({ back }) {
      const at = Math.max(1, model.revision - back);
      await store.compact(at);
      model.compacted = Math.max(model.compacted, at);
      assert.equal(store.compacted, model.compacted);
    },
    async watch({ back, prefix }) {
      const from = Math.max(1, model.revision - back);
      if (from < model.compacted) {
        const refused = await store.watch({ from, prefix }, () => {});
        assert.deepEqual(refused, { ok: false, reason: "too-old", compacted: model.compacted });
      } else {
        watches.push({ from, prefix, recorder: await record(store, from, prefix) });
        checkWatches();
      }
    },
    async list({ back, limit }) {
      const at = Math.max(1, model.compacted, model.revision - back);
      listings.push({ at, limit, seen: [], start: "/" });
    },
    page: readPages,
    async reopen() {
      if (!context.reopen) return;
      watches = [];
      store = await context.reopen();
      await checkReads();
    },
  };

  try {
    for (const each of steps) await (run[each.do] as (one: Step) => Promise<void>)(each);
    while (listings.length > 0) await readPages();
    await checkReads();
  } finally {
    await context.dispose();
  }
}

/** M: any sequence of operations does what a trivial model does. */
export function modelBehaviours(behaviour: Behaviour, open: OpenStore, runs: number): void {
  behaviour("M1 any sequence of operations does what the model does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) => check(open, steps)),
      { numRuns: runs },
    );
  });
}
