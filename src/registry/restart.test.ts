import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openLmdbStore } from "#store/lmdb";
import { createRegistryWorld, reader, setting, told, USER, widget } from "./testing/world.ts";

test("after a restart everything is there, and a watch goes on from where it was", async () => {
  const dir = await mkdtemp(join(tmpdir(), "knarr-registry-"));
  try {
    const store = await openLmdbStore({ dir, noSync: true });
    const f = await createRegistryWorld({ store });
    const created = await f.widgets.create(widget("a", { spec: { size: 1 } }, { labels: { app: "x" } }), USER);
    await f.widgets.create(widget("b"), USER);
    await f.widgets.update(created.key, setting({ spec: { size: 2 } }, { labels: { app: "y" } }), USER);
    await f.widgets.delete({ namespace: "default", name: "b" }, USER);
    const before = await f.widgets.list({});
    await f.registry.close();
    await store.close();

    const again = await openLmdbStore({ dir, noSync: true });
    const g = await createRegistryWorld({ store: again });
    const after = await g.widgets.list({});
    assert.equal(after.resourceVersion, before.resourceVersion);
    assert.deepEqual(after.items[0]!.object, before.items[0]!.object);
    assert.deepEqual(after.items[0]!.bytes, before.items[0]!.bytes);
    assert.ok(Object.isFrozen(after.items[0]!.object.metadata));

    const watch = reader(g.widgets, { resourceVersion: String(created.revision) });
    const leaving = reader(g.widgets, { resourceVersion: String(created.revision), labelSelector: "app=x" });
    await g.widgets.create(widget("c"), USER);
    const { revision } = created;
    assert.deepEqual((await watch.take(4)).map(told), [
      `ADDED b@${revision + 1}`,
      `MODIFIED a@${revision + 2}`,
      `DELETED b@${revision + 3}`,
      `ADDED c@${revision + 4}`,
    ]);
    assert.deepEqual((await leaving.take(1)).map(told), [`DELETED a@${revision + 2}`]);
    await watch.stop();
    await leaving.stop();
    await g.registry.close();
    await again.close();
  } finally {
    await rm(dir, { recursive: true });
  }
});
