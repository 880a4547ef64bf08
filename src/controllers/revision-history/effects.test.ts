import { strict as assert } from "node:assert";
import { test } from "node:test";
import { CONTROLLER_REVISIONS, STATEFUL_SETS, type PodTemplateSpec } from "#objects";
import { createTestWorld } from "../testing/world.ts";
import { applyRevisionStep, claimRevisions, deleteRevisions } from "./effects.ts";
import { newRevision, presentRevision, templateOf, type Revised } from "./revisions.ts";
import { matcherOf } from "../framework/index.ts";

const labels = { app: "web" };
const template = (image: string): PodTemplateSpec => ({
  metadata: { labels },
  spec: { containers: [{ name: "c", image }] },
});

async function worldWithSet() {
  const w = await createTestWorld([]);
  const object = await w.client.create(STATEFUL_SETS, {
    metadata: { namespace: "default", name: "web" },
    spec: { selector: { matchLabels: labels }, template: template("a"), serviceName: "web" },
  });
  w.caches.of(CONTROLLER_REVISIONS);
  await w.caches.whenSynced();
  const revisedWith = (image: string): Revised => ({
    object,
    type: STATEFUL_SETS,
    template: template(image),
    hashLabel: "controller.kubernetes.io/hash",
    collisionCount: undefined,
  });
  const claimed = async () => {
    const found = await claimRevisions(STATEFUL_SETS, object, matcherOf(object.spec?.selector), w);
    await w.settle();
    return found;
  };
  return { w, object, revisedWith, claimed };
}

async function take(revised: Revised, { w, claimed }: Awaited<ReturnType<typeof worldWithSet>>) {
  const found = presentRevision(revised, (await claimed()) ?? []);
  if ("revision" in found) return found.revision;
  const { revision } = await applyRevisionStep(found.step, revised, w);
  await w.settle();
  return revision;
}

test("templates that come and go and come back make one revision each, the present one with the highest number", async () => {
  const all = await worldWithSet();
  await using w = all.w;
  for (const image of ["a", "b", "b", "a"]) await take(all.revisedWith(image), all);
  const history = await all.claimed();
  assert.deepEqual(
    history?.map((revision) => [revision.revision, templateOf(revision)?.spec?.containers[0]?.image]),
    [
      [2, "b"],
      [3, "a"],
    ],
  );
  assert.equal(w.client.all(CONTROLLER_REVISIONS).length, 2);
});

test("a name that another's revision has is passed over, and the collision counted", async () => {
  const all = await worldWithSet();
  await using w = all.w;
  const revised = all.revisedWith("a");
  const wanted = newRevision(revised, 1);
  await w.client.create(CONTROLLER_REVISIONS, {
    ...wanted,
    metadata: { namespace: "default", name: wanted.metadata.name! },
  });
  const { revision, collisionCount } = await applyRevisionStep(
    { type: "create-revision", revision: wanted },
    revised,
    w,
  );
  assert.equal(collisionCount, 1);
  assert.notEqual(revision.metadata.name, wanted.metadata.name);
  assert.equal(
    revision.metadata.labels?.["controller.kubernetes.io/hash"],
    revision.metadata.name?.slice("web-".length),
  );
});

test("a revision that this object has made already, before its cache shows it, is taken", async () => {
  const all = await worldWithSet();
  await using w = all.w;
  const revised = all.revisedWith("a");
  const step = { type: "create-revision", revision: newRevision(revised, 1) } as const;
  const first = await applyRevisionStep(step, revised, w);
  assert.deepEqual(await applyRevisionStep(step, revised, w), first);
});

test("orphans that the selector selects are adopted, revisions that it no longer selects released", async () => {
  const all = await worldWithSet();
  await using w = all.w;
  const { metadata, ...rest } = newRevision(all.revisedWith("a"), 1);
  const { ownerReferences, ...unowned } = metadata;
  await w.client.create(CONTROLLER_REVISIONS, { metadata: { ...unowned, name: "orphan" }, ...rest });
  await w.client.create(CONTROLLER_REVISIONS, { metadata: { ...metadata, name: "strayed", labels: {} }, ...rest });
  await w.settle();
  assert.equal(await all.claimed(), undefined, "the next look sees the outcome");
  assert.deepEqual(
    (await all.claimed())?.map((revision) => revision.metadata.name),
    ["orphan"],
  );
  const ownersOf = (name: string) =>
    w.client.all(CONTROLLER_REVISIONS).find((revision) => revision.metadata.name === name)?.metadata.ownerReferences;
  assert.deepEqual(ownersOf("orphan"), ownerReferences);
  assert.deepEqual(ownersOf("strayed"), []);
});

test("revisions are deleted, those that are gone already too", async () => {
  const all = await worldWithSet();
  await using w = all.w;
  const revision = await take(all.revisedWith("a"), all);
  await deleteRevisions([revision], w);
  await deleteRevisions([revision], w);
  assert.deepEqual(w.client.all(CONTROLLER_REVISIONS), []);
});
