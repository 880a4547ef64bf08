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
} from "./harness.ts";

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
  | { readonly do: "reopen" };

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
    async reopen() {
      if (!context.reopen) return;
      watches = [];
      store = await context.reopen();
      await checkReads();
    },
  };

  try {
    for (const each of steps) await (run[each.do] as (one: Step) => Promise<void>)(each);
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
