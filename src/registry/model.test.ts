/** Random writes, lists and watches against a simple model of what they must give. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hasReason, type AnyDraft } from "#objects";
import { createMemoryStore } from "#store/memory";
import type { ListResult, WatchEvent } from "./contract.ts";
import { createRegistryWorld, reader, setting, told, USER, widget, type Widget } from "./testing/world.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const NAMESPACES = ["x", "y"];

interface State {
  readonly namespace: string;
  readonly name: string;
  readonly tier: string;
  readonly node: string;
  readonly revision: number;
}
/** One change: what stood there before and after. */
interface Step {
  readonly revision: number;
  readonly before: State | undefined;
  readonly after: State | undefined;
}

const write = fc.record({
  type: fc.constantFrom("put", "put", "put", "delete"),
  namespace: fc.constantFrom(...NAMESPACES),
  name: fc.constantFrom(...NAMES),
  tier: fc.constantFrom("red", "blue"),
  node: fc.constantFrom("n1", "n2", ""),
});
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;

interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly has: (state: State) => boolean;
}
const SELECTIONS: readonly Selection[] = [
  { has: () => true },
  { namespace: "x", has: ({ namespace }) => namespace === "x" },
  { labelSelector: "tier=red", has: ({ tier }) => tier === "red" },
  { fieldSelector: "spec.node=n1", has: ({ node }) => node === "n1" },
  { fieldSelector: "spec.node=", has: ({ node }) => node === "" },
  { fieldSelector: "metadata.name=a", has: ({ name }) => name === "a" },
  { namespace: "y", fieldSelector: "metadata.name=b", has: (s) => s.namespace === "y" && s.name === "b" },
  {
    namespace: "x",
    labelSelector: "tier!=red",
    fieldSelector: "spec.node!=n2,metadata.namespace=x",
    has: (s) => s.namespace === "x" && s.tier !== "red" && s.node !== "n2",
  },
];
const selection = fc.constantFrom(...SELECTIONS);
const queryOf = ({ has: _has, ...query }: Selection) => query;

type RegistryWorld = Awaited<ReturnType<typeof createRegistryWorld>>;

/** Carries out writes, and keeps the model of them. */
function model(first: RegistryWorld) {
  const steps: Step[] = [];
  const current = new Map<string, State>();
  let { widgets } = first;
  return {
    steps,
    current,
    use(next: RegistryWorld) {
      ({ widgets } = next);
    },
    async apply({ type, namespace, name, tier, node }: Write): Promise<void> {
      const id = `${namespace}/${name}`;
      const before = current.get(id);
      const fields = { spec: { node } };
      const metadata = { namespace, labels: { tier } };
      if (type === "delete") {
        if (!before) {
          await assert.rejects(widgets.delete({ namespace, name }, USER), (error) => hasReason(error, "NotFound"));
          return;
        }
        await widgets.delete({ namespace, name }, USER);
        current.delete(id);
        steps.push({ revision: first.store.revision, before, after: undefined });
        return;
      }
      const stored = before
        ? (await widgets.update({ namespace, name }, setting(fields, metadata), USER)).object
        : await widgets.create(widget(name, fields, metadata), USER);
      // Writing what is there already is no change.
      if (before && before.tier === tier && before.node === node) {
        assert.equal(stored.revision, before.revision);
        return;
      }
      const after = { namespace, name, tier, node, revision: stored.revision };
      current.set(id, after);
      steps.push({ revision: stored.revision, before, after });
    },
    /** What a list at a revision must give, as `namespace/name@revision`. */
    at(revision: number, has: (state: State) => boolean): string[] {
      const found = new Map<string, State>();
      for (const step of steps) {
        if (step.revision > revision) break;
        const { namespace, name } = (step.after ?? step.before)!;
        if (step.after) found.set(`${namespace}/${name}`, step.after);
        else found.delete(`${namespace}/${name}`);
      }
      return [...found.values()].filter(has).map(shown).toSorted();
    },
    /** What a watch from a revision must tell. */
    since(revision: number, has: (state: State) => boolean): string[] {
      return steps.flatMap(({ revision: at, before, after }) => {
        if (at <= revision) return [];
        const was = before !== undefined && has(before);
        const is = after !== undefined && has(after);
        if (is) return [`${was ? "MODIFIED" : "ADDED"} ${after.name}@${at}`];
        return was ? [`DELETED ${before.name}@${at}`] : [];
      });
    },
  };
}

const shown = ({ namespace, name, revision }: State) => `${namespace}/${name}@${revision}`;
const items = ({ items: found }: ListResult) =>
  found.map(({ key, revision }) => `${key.namespace}/${key.name}@${revision}`).toSorted();

/** When a watch is read: as soon as there is something, only at the end, or begun and then left alone. */
const pace = fc.constantFrom("eager", "late", "stuck");

test("watches tell every change exactly once, in order, from any revision and through any selection", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { minLength: 1, maxLength: 25 }),
      fc.array(write, { maxLength: 50 }),
      fc.array(fc.tuple(selection, fc.double({ min: 0, max: 1, noNaN: true }), pace), { minLength: 1, maxLength: 6 }),
      fc.constantFrom(1, 4, 64),
      fc.boolean(),
      async (early, late, watches, ringSize, restarts) => {
        await using store = disposable(createMemoryStore());
        await using f1 = await createRegistryWorld({ store, ringSize });
        const m = model(f1);
        for (const each of early) await m.apply(each);
        await using f2 = restarts ? await createRegistryWorld({ store, ringSize }) : f1;
        m.use(f2);
        const open = watches.map(([query, share, readAt]) => {
          // From 0 would mean something else.
          const from = Math.max(1, Math.floor(share * store.revision));
          const watch = reader(f2.widgets, { ...queryOf(query), resourceVersion: String(from), timeoutSeconds: 60 });
          if (readAt === "stuck") watch.begin();
          return { query, from, watch, events: readAt === "eager" ? watch.all() : undefined };
        });
        for (const each of late) await m.apply(each);
        // The timeout of those that begin only now starts now.
        const ended = open.map(({ watch, events }) => events ?? watch.all());
        await f2.clock.advance(60_000);
        for (const [i, { query, from }] of open.entries()) {
          const events = await ended[i]!;
          assert.deepEqual(events.map(told), m.since(from, query.has));
          for (const event of events) checkContent(m.steps, event);
        }
      },
    ),
    { numRuns: 80 },
  );
});

/** The object in an event is the right one at the right revision; of a deletion the old one at the new revision. */
function checkContent(steps: readonly Step[], event: WatchEvent): void {
  assert.ok(event.type === "ADDED" || event.type === "MODIFIED" || event.type === "DELETED");
  const { object, bytes, revision } = event.object;
  const step = steps.find((candidate) => candidate.revision === revision)!;
  const state = event.type === "DELETED" ? step.before! : step.after!;
  assert.equal(object.metadata.labels?.["tier"], state.tier);
  assert.equal((object as Widget).spec?.node, state.node);
  assert.equal(object.metadata.resourceVersion, String(revision));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), object);
}

test("lists give the state at their revision, whole or in pages, while writes go on", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { minLength: 1, maxLength: 30 }),
      fc.array(write, { maxLength: 30 }),
      selection,
      fc.integer({ min: 1, max: 4 }),
      async (early, late, query, limit) => {
        await using f = await createRegistryWorld();
        const m = model(f);
        for (const each of early) await m.apply(each);
        const revision = f.store.revision;
        const expected = m.at(revision, query.has);
        assert.deepEqual(items(await f.widgets.list(queryOf(query))), expected);
        const found: string[] = [];
        const writes = [...late];
        let token: string | undefined;
        do {
          const page: ListResult = await f.widgets.list({
            ...queryOf(query),
            limit,
            ...(token ? { continue: token } : {}),
          });
          assert.equal(page.resourceVersion, String(revision));
          assert.ok(page.items.length <= limit);
          if (page.remainingItemCount !== undefined) {
            assert.equal(page.remainingItemCount, expected.length - found.length - page.items.length);
          }
          found.push(...items(page));
          token = page.continue;
          for (const each of writes.splice(0, 3)) await m.apply(each);
        } while (token);
        assert.deepEqual(found, expected);
        for (let at = 2; at <= f.store.revision; at += 3) {
          const list = await f.widgets.list({
            ...queryOf(query),
            resourceVersion: String(at),
            resourceVersionMatch: "Exact",
          });
          assert.deepEqual(items(list), m.at(at, query.has));
          assert.equal(list.resourceVersion, String(at));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("a registry that starts over the same store has the same objects", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 30 }), async (writes) => {
      await using store = disposable(createMemoryStore());
      await using f1 = await createRegistryWorld({ store });
      const m = model(f1);
      for (const each of writes) await m.apply(each);
      await using f2 = await createRegistryWorld({ store });
      assert.deepEqual(
        items(await f2.widgets.list({})),
        m.at(store.revision, () => true),
      );
      // And both see what either writes.
      const made = await f1.widgets.create(widget("new", {}, { namespace: "x" }), USER);
      assert.equal((await f2.widgets.get(made.key)).revision, made.revision);
    }),
    { numRuns: 20 },
  );
});

test("of many clients that write one object, each sees the write before its own", async () => {
  await using f = await createRegistryWorld();
  await f.widgets.create(widget("counter", { spec: { size: 0 } }), USER);
  const key = { namespace: "default", name: "counter" };
  await Promise.all(
    Array.from({ length: 50 }, () =>
      f.widgets.update(
        key,
        async (current) => {
          const size = ((current as Widget).spec?.size ?? 0) + 1;
          await Promise.resolve();
          return setting({ spec: { size } })(current) satisfies AnyDraft;
        },
        USER,
      ),
    ),
  );
  assert.equal(((await f.widgets.get(key)).object as Widget).spec?.size, 50);
});

function disposable<T extends { close(): Promise<void> }>(value: T): T & AsyncDisposable {
  return Object.assign(value, { [Symbol.asyncDispose]: () => value.close() });
}
