import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResourceDefinition } from "../definition.ts";
import { createRegistryWorld, reader, setting, told, USER, widget, WIDGETS } from "../testing/world.ts";
import { createMemoryStore } from "#store/memory";

const MINUTE = 60_000;
const EXPIRING: ResourceDefinition = { ...WIDGETS, ttlMs: 10 * MINUTE };

test("objects vanish some time after they were last written", async () => {
  await using f = await createRegistryWorld({ definitions: [EXPIRING] });
  const names = async () => (await f.widgets.list({})).items.map(({ key }) => key.name);
  await f.widgets.create(widget("a"), USER);
  await f.widgets.create(widget("b"), USER);
  const watch = reader(f.widgets, { resourceVersion: String(f.store.revision) });
  await f.clock.advance(5 * MINUTE);
  await f.widgets.create(widget("c"), USER);
  await f.widgets.update({ namespace: "default", name: "b" }, setting({ spec: { size: 2 } }), USER);
  await f.clock.advance(4 * MINUTE);
  assert.deepEqual(await names(), ["a", "b", "c"]);
  await f.clock.advance(2 * MINUTE);
  assert.deepEqual(await names(), ["b", "c"]);
  await f.clock.advance(5 * MINUTE);
  assert.deepEqual(await names(), []);
  assert.deepEqual((await watch.take(5)).map(told), [
    "ADDED c@4",
    "MODIFIED b@5",
    "DELETED a@6",
    "DELETED c@7",
    "DELETED b@8",
  ]);
  await watch.stop();
  assert.equal(f.clock.pending, 0);
});

test("many that fall due together each get a revision of their own", async () => {
  await using f = await createRegistryWorld({ definitions: [EXPIRING] });
  for (let i = 0; i < 300; i++) await f.widgets.create(widget(`w${i}`), USER);
  const watch = reader(f.widgets, { resourceVersion: String(f.store.revision) });
  await f.clock.advance(11 * MINUTE);
  const revisions = (await watch.take(300)).map((event) => (event.type === "DELETED" ? event.object.revision : 0));
  assert.equal(new Set(revisions).size, 300);
  await watch.stop();
});

test("what was written before a restart vanishes at its time, even if no client asks for the kind", async () => {
  const store = createMemoryStore();
  await using f1 = await createRegistryWorld({ definitions: [EXPIRING], store });
  await f1.clock.advance(MINUTE);
  await f1.widgets.create(widget("old"), USER);
  await f1.clock.advance(6 * MINUTE);
  await f1.widgets.create(widget("young"), USER);
  await f1.registry.close();
  await using f2 = await createRegistryWorld({ definitions: [EXPIRING], store, startsAt: f1.clock.now() + MINUTE });
  await f2.clock.advance(4 * MINUTE);
  assert.equal(f2.widgets.count, 1);
  await f2.clock.advance(6 * MINUTE);
  assert.equal(f2.widgets.count, 0);
  await store.close();
});
