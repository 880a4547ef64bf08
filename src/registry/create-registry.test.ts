import assert from "node:assert/strict";
import { test } from "node:test";
import { draftOf, type AnyDraft } from "#objects";
import { createRegistryWorld, reader, told, USER, widget, WIDGETS } from "./testing/world.ts";

test("an object is created, read, changed, listed and deleted", async () => {
  await using f = await createRegistryWorld();
  const { widgets } = f;
  const created = await widgets.create(widget("a", { spec: { size: 1 }, status: { phase: "Mine" } }), USER);
  assert.equal(created.object.metadata.resourceVersion, String(created.revision));
  assert.equal(created.object.metadata.generation, 1);
  assert.equal((created.object as { status?: unknown }).status, undefined);
  assert.ok(Object.isFrozen(created.object.metadata));
  assert.equal(await widgets.get({ namespace: "default", name: "a" }), created);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(created.bytes)), created.object);

  const updated = await widgets.update(
    created.key,
    (current) => ({ ...draftOf(current!), spec: { size: 2 } }) as unknown as AnyDraft,
    USER,
  );
  assert.equal(updated.object.object.metadata.generation, 2);
  assert.equal(updated.created, false);
  const list = await widgets.list({});
  assert.deepEqual(list.items, [updated.object]);
  assert.equal(list.resourceVersion, String(f.store.revision));

  const { deleted } = await widgets.delete(created.key, USER);
  assert.equal(deleted, true);
  await assert.rejects(widgets.get(created.key), { message: 'widgets.example.com "a" not found' });
});

test("a watch tells what happens, in order", async () => {
  await using f = await createRegistryWorld();
  const { widgets } = f;
  await widgets.create(widget("a"), USER);
  const watch = reader(widgets);
  assert.deepEqual((await watch.take(1)).map(told), ["ADDED a@2"]);
  await widgets.create(widget("b"), USER);
  await widgets.update(
    { namespace: "default", name: "a" },
    (o) => ({ ...draftOf(o!), spec: { size: 1 } }) as unknown as AnyDraft,
    USER,
  );
  await widgets.delete({ namespace: "default", name: "b" }, USER);
  assert.deepEqual((await watch.take(3)).map(told), ["ADDED b@3", "MODIFIED a@4", "DELETED b@5"]);
  await watch.stop();
});

test("kinds come and go at run time", async () => {
  await using f = await createRegistryWorld();
  const seen: number[] = [];
  f.registry.onChange(() => seen.push(f.registry.generation));
  f.registry.add({ ...WIDGETS, resource: "others", kind: "Other" });
  assert.ok(f.registry.resolve("example.com", "v1", "others"));
  const watch = reader(f.widgets);
  const ended = watch.all();
  f.registry.remove("example.com", "widgets");
  assert.deepEqual(await ended, []);
  assert.equal(f.registry.resource("example.com", "widgets"), undefined);
  assert.deepEqual(seen, [1, 2]);
});

test("a kind is empty until its first object, of which the listeners are told once", async () => {
  await using f = await createRegistryWorld({
    definitions: [WIDGETS, { ...WIDGETS, resource: "others", kind: "Other" }],
  });
  const emptyNames = async () => [...(await f.registry.emptyResources())].map(({ definition }) => definition.resource);
  await f.widgets.create(widget("early"), USER);
  assert.deepEqual(await emptyNames(), ["others"]);
  let told = 0;
  f.registry.onChange(() => told++);
  await f.widgets.create(widget("a"), USER);
  await f.registry.resource("example.com", "others")!.create({ ...widget("b"), kind: "Other" }, USER);
  await f.registry.resource("example.com", "others")!.create({ ...widget("c"), kind: "Other" }, USER);
  assert.deepEqual(await emptyNames(), []);
  assert.equal(told, 1);
  assert.equal(f.widgets.count, 2);
});
