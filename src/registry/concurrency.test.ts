/** Many writers, listers and watchers at once: what each sees must fit one history. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRandom, type Random } from "#base";
import { hasReason } from "#objects";
import type { Store } from "#store";
import { openLmdbStore } from "#store/lmdb";
import { createMemoryStore } from "#store/memory";
import type { ListResult, WatchEvent } from "./contract.ts";
import { createRegistryWorld, reader, setting, USER, widget, type RegistryWorld } from "./testing/world.ts";

const NAMES = Array.from({ length: 12 }, (_, i) => `w${i}`);
const NODES = ["n1", "n2", "n3"];

const ignoring = async (work: Promise<unknown>) => {
  try {
    await work;
  } catch (error) {
    if (!hasReason(error, "NotFound", "AlreadyExists", "Conflict")) throw error;
  }
};

async function writeAtRandom({ widgets }: RegistryWorld, random: Random, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const name = NAMES[random.int(NAMES.length)]!;
    const key = { namespace: "default", name };
    const node = NODES[random.int(NODES.length)]!;
    const kind = random.int(4);
    if (kind === 0) await ignoring(widgets.delete(key, USER));
    else if (kind === 1) await ignoring(widgets.create(widget(name, { spec: { node } }), USER));
    else await ignoring(widgets.update(key, setting({ spec: { node, size: i } }), USER));
  }
}

async function listAtRandom({ widgets }: RegistryWorld, random: Random, times: number, lists: Map<ListResult, string>) {
  for (let i = 0; i < times; i++) {
    const node = NODES[random.int(NODES.length)]!;
    const fieldSelector = random.int(2) ? `spec.node=${node}` : "";
    if (random.int(2)) {
      lists.set(await widgets.list({ fieldSelector }), fieldSelector);
      continue;
    }
    const pages: ListResult[] = [];
    let token: string | undefined;
    do {
      const page: ListResult = await widgets.list({ fieldSelector, limit: 3, ...(token ? { continue: token } : {}) });
      pages.push(page);
      token = page.continue;
    } while (token);
    assert.equal(new Set(pages.map((page) => page.resourceVersion)).size, 1);
    const { resourceVersion } = pages[0]!;
    lists.set({ resourceVersion, items: pages.flatMap(({ items }) => items) }, fieldSelector);
  }
}

/** The state at each revision, as the events of one watch on everything make it. */
function statesOf(events: readonly WatchEvent[]): (revision: number, fieldSelector: string) => string[] {
  return (revision, fieldSelector) => {
    const objects = new Map<string, { readonly node: string; readonly revision: number }>();
    for (const event of events) {
      assert.ok(event.type === "ADDED" || event.type === "MODIFIED" || event.type === "DELETED");
      const { object, key } = event.object;
      if (event.object.revision > revision) break;
      assert.equal(objects.has(key.name), event.type !== "ADDED");
      const { spec } = object as { readonly spec?: { readonly node?: string } };
      if (event.type === "DELETED") objects.delete(key.name);
      else objects.set(key.name, { node: spec?.node ?? "", revision: event.object.revision });
    }
    return [...objects]
      .filter(([, { node }]) => fieldSelector === "" || fieldSelector === `spec.node=${node}`)
      .map(([name, { revision: at }]) => `${name}@${at}`)
      .toSorted();
  };
}

async function check(store: Store, seed: number): Promise<void> {
  const random = createRandom(seed);
  const f = await createRegistryWorld({ store, ringSize: 16, seed });
  const whole = reader(f.widgets, { resourceVersion: "1", timeoutSeconds: 60 });
  const one = reader(f.widgets, { resourceVersion: "1", fieldSelector: "spec.node=n1", timeoutSeconds: 60 });
  const seen = Promise.all([whole.all(), one.all()]);
  const lists = new Map<ListResult, string>();
  await Promise.all([
    ...Array.from({ length: 6 }, () => writeAtRandom(f, random, 40)),
    ...Array.from({ length: 3 }, () => listAtRandom(f, random, 30, lists)),
  ]);
  await f.clock.advance(60_000);
  const [events, selected] = await seen;
  const state = statesOf(events);
  for (const [{ items, resourceVersion }, fieldSelector] of lists) {
    assert.deepEqual(
      items.map(({ key, revision }) => `${key.name}@${revision}`).toSorted(),
      state(Number(resourceVersion), fieldSelector),
    );
  }
  const left = new Set<string>();
  for (const event of selected) {
    assert.ok(event.type === "ADDED" || event.type === "MODIFIED" || event.type === "DELETED");
    const { name } = event.object.key;
    assert.equal(left.has(name), event.type !== "ADDED");
    if (event.type === "DELETED") left.delete(name);
    else left.add(name);
  }
  const now = (await f.widgets.list({ fieldSelector: "spec.node=n1" })).items.map(({ key }) => key.name);
  assert.deepEqual([...left].toSorted(), now);
  await f.registry.close();
}

test("in the memory store, watches and lists agree with each other while many clients write", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const store = createMemoryStore();
    await check(store, seed);
    await store.close();
  }
});

test("in the LMDB store, watches and lists agree with each other while many clients write", async () => {
  const dir = await mkdtemp(join(tmpdir(), "knarr-registry-"));
  try {
    const store = await openLmdbStore({ dir, noSync: true });
    await check(store, 1);
    await store.close();
  } finally {
    await rm(dir, { recursive: true });
  }
});
