import assert from "node:assert/strict";
import { test } from "node:test";
import {
  badRequest,
  draftOf,
  forbiddenError,
  invalid,
  type AnyDraft,
  type KubeObject,
  type StatusError,
} from "#objects";
import type { WriteOptions } from "../contract.ts";
import type { ResourceDefinition } from "../definition.ts";
import { createRegistryWorld, GRACEFUL, reader, setting, told, USER, widget, WIDGETS } from "../testing/world.ts";

const A = { namespace: "default", name: "a" };
const failsWith = (promise: Promise<unknown>, code: number, message: string | RegExp) =>
  assert.rejects(promise, (error: StatusError) => {
    assert.equal(error.code, code, error.message);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });

test("a new object gets what the server gives, and nothing that it may not bring", async () => {
  await using f = await createRegistryWorld();
  const { object } = await f.widgets.create(
    widget(
      "a",
      { status: { phase: "x" } },
      {
        uid: "mine",
        creationTimestamp: "2000-01-01T00:00:00Z",
        deletionTimestamp: "2000-01-01T00:00:00Z",
        generation: 9,
      },
    ),
    USER,
  );
  const { uid, creationTimestamp, generation, deletionTimestamp } = object.metadata;
  assert.match(uid!, /^[0-9a-f-]{36}$/);
  assert.equal(creationTimestamp, "2026-01-01T00:00:00Z");
  assert.equal(generation, 1);
  assert.equal(deletionTimestamp, undefined);
  assert.ok(!("status" in object));
});

test("generated names are the base and five characters, and new ones are drawn on a collision", async () => {
  await using f = await createRegistryWorld({ seed: 3 });
  const draw = () => f.widgets.create(widget("", {}, { name: undefined, generateName: "job-" }), USER);
  const first = await draw();
  assert.match(first.key.name, /^job-[b-df-hj-np-tv-z2-9]{5}$/);
  await using again = await createRegistryWorld({ seed: 3, store: f.store });
  // The same seed draws the same name first.
  const second = await again.widgets.create(widget("", {}, { name: undefined, generateName: "job-" }), USER);
  assert.notEqual(second.key.name, first.key.name);
  const long = await f.widgets.create(widget("", {}, { name: undefined, generateName: "x".repeat(70) }), USER);
  assert.equal(long.key.name.length, 63);
});

test("a name that is taken, or whose object is being deleted, is refused with 409", async () => {
  await using f = await createRegistryWorld();
  await f.widgets.create(widget("a", {}, { finalizers: ["x/y"] }), USER);
  await failsWith(f.widgets.create(widget("a"), USER), 409, 'widgets.example.com "a" already exists');
  await failsWith(
    f.widgets.create(widget("a"), { ...USER, dryRun: true }),
    409,
    'widgets.example.com "a" already exists',
  );
  await f.widgets.delete(A, USER);
  await failsWith(
    f.widgets.create(widget("a"), USER),
    409,
    'object is being deleted: widgets.example.com "a" already exists',
  );
});

test("everything that is wrong is said at once, in the order found", async () => {
  await using f = await createRegistryWorld();
  await failsWith(
    f.widgets.create(widget("A_b", { spec: { size: -1 } }), USER),
    422,
    /^Widget\.example\.com "A_b" is invalid: \[metadata\.name: Invalid value: "A_b": .*, spec\.size: Forbidden: may not be negative\]$/,
  );
  await failsWith(
    f.widgets.create(widget("", {}, { name: undefined }), USER),
    422,
    /metadata\.name: Required value: name or generateName is required/,
  );
  await failsWith(
    f.widgets.create(widget("a", {}, { resourceVersion: "5" }), USER),
    500,
    "resourceVersion should not be set on objects to be created",
  );
});

test("a new object's resourceVersion that is no number, or 0, is as good as none", async () => {
  await using f = await createRegistryWorld();
  for (const [i, resourceVersion] of ["abc", "0", "00", "-1", "99999999999999999999"].entries()) {
    const made = await f.widgets.create(widget(`a${i}`, {}, { resourceVersion }), USER);
    assert.equal(made.object.metadata.resourceVersion, String(made.revision));
  }
});

test("an update counts generations for changes beside metadata and status", async () => {
  await using f = await createRegistryWorld();
  await f.widgets.create(widget("a", { spec: { size: 1 } }), USER);
  const generation = async (change: ReturnType<typeof setting>, options: WriteOptions = USER) =>
    (await f.widgets.update(A, change, options)).object.object.metadata.generation;
  assert.equal(await generation(setting({}, { labels: { a: "b" } })), 1);
  assert.equal(await generation(setting({ spec: { size: 2 } })), 2);
  assert.equal(await generation(setting({ spec: { size: 2 } }, { generation: 7 })), 2);
  assert.equal(
    await generation(setting({ status: { phase: "Ready" }, spec: { size: 9 } }), { ...USER, subresource: "status" }),
    2,
  );
  const { object } = await f.widgets.get(A);
  assert.deepEqual((object as AnyDraft)["status"], { phase: "Ready" });
  assert.deepEqual((object as AnyDraft)["spec"], { size: 2 });
  await f.widgets.update(A, setting({ status: { phase: "Lost" } }), USER);
  assert.deepEqual(((await f.widgets.get(A)).object as AnyDraft)["status"], { phase: "Ready" });
});

test("a status update leaves the metadata alone that the kind says", async () => {
  const kind = { ...WIDGETS, statusResetFields: ["labels", "ownerReferences"] } as ResourceDefinition;
  await using f = await createRegistryWorld({ definitions: [kind] });
  await f.widgets.create(widget("a", {}, { labels: { a: "1" } }), USER);
  const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u" };
  const { object } = await f.widgets.update(
    A,
    setting({ status: { phase: "Ready" } }, { labels: { a: "2" }, annotations: { b: "1" }, ownerReferences: [owner] }),
    { ...USER, subresource: "status" },
  );
  const { labels, annotations, ownerReferences } = object.object.metadata;
  assert.deepEqual(
    { labels, annotations, ownerReferences },
    { labels: { a: "1" }, annotations: { b: "1" }, ownerReferences: undefined },
  );
});

test("an update that changes nothing writes nothing", async () => {
  await using f = await createRegistryWorld();
  const created = await f.widgets.create(widget("a", { spec: { size: 1 } }, { labels: { constructor: "x" } }), USER);
  const revision = f.store.revision;
  const { object } = await f.widgets.update(A, setting({ spec: { size: 1 } }), USER);
  assert.equal(object, created);
  await f.widgets.update(A, setting({}, { finalizers: [], annotations: {} }), { ...USER, keepsManagedFields: true });
  assert.equal(f.store.revision, revision);
  await f.widgets.update(A, setting({}, { labels: undefined }), USER);
  assert.equal(f.store.revision, revision + 1);
});

test("an update with a stale resourceVersion is refused, and one without is where the kind requires it", async () => {
  await using f = await createRegistryWorld({
    definitions: [WIDGETS, { ...WIDGETS, resource: "strict", requiresResourceVersionOnUpdate: true }],
  });
  const { revision } = await f.widgets.create(widget("a"), USER);
  await f.widgets.update(A, setting({ spec: { size: 1 } }, { resourceVersion: String(revision) }), USER);
  await failsWith(
    f.widgets.update(A, setting({ spec: { size: 2 } }, { resourceVersion: String(revision) }), USER),
    409,
    'Operation cannot be fulfilled on widgets.example.com "a": the object has been modified; please apply your changes to the latest version and try again',
  );
  await f.widgets.update(A, setting({ spec: { size: 3 } }, { resourceVersion: undefined }), USER);
  const strict = f.registry.resource("example.com", "strict")!;
  await strict.create(widget("a"), USER);
  await failsWith(
    strict.update(A, setting({ spec: { size: 3 } }, { resourceVersion: undefined }), USER),
    422,
    'strict.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
  );
  await failsWith(f.widgets.update(A, setting({}, { resourceVersion: "x" }), USER), 500, /^strconv\.ParseUint/);
});

test("an update or deletion whose preconditions fail is refused with 409", async () => {
  await using f = await createRegistryWorld();
  const { object, revision } = await f.widgets.create(widget("a"), USER);
  const { uid } = object.metadata;
  await failsWith(
    f.widgets.update(A, setting({}), { ...USER, preconditions: { uid: "other" } }),
    409,
    `Operation cannot be fulfilled on widgets.example.com "a": StorageError: invalid object, Code: 4, Key: /example.com/widgets/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: ${uid}`,
  );
  await failsWith(
    f.widgets.delete(A, { ...USER, preconditions: { uid: "other" } }),
    409,
    `Operation cannot be fulfilled on Widget.example.com "a": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
  );
  await failsWith(
    f.widgets.delete(A, { ...USER, preconditions: { resourceVersion: "1" } }),
    409,
    `Operation cannot be fulfilled on Widget.example.com "a": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${revision}). The object might have been modified`,
  );
  await f.widgets.delete(A, { ...USER, preconditions: { uid: uid!, resourceVersion: String(revision) } });
});

test("what identifies an object cannot be changed, and what is left out stays", async () => {
  await using f = await createRegistryWorld();
  const { object } = await f.widgets.create(widget("a"), USER);
  await failsWith(
    f.widgets.update(A, setting({}, { uid: "other" }), USER),
    422,
    /metadata\.uid: Invalid value: "other": field is immutable/,
  );
  await failsWith(
    f.widgets.update(A, setting({}, { name: "b" }), USER),
    422,
    /metadata\.name: Invalid value: "b": field is immutable/,
  );
  await failsWith(
    f.widgets.update(A, setting({}, { namespace: "b" }), USER),
    400,
    "the namespace of the provided object does not match the namespace sent on the request",
  );
  await failsWith(
    f.widgets.update(A, setting({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }), USER),
    422,
    /metadata\.deletionTimestamp: .*field is immutable/,
  );
  const updated = await f.widgets.update(
    A,
    () => widget("a", { spec: { size: 5 } }, { creationTimestamp: "2001-01-01T00:00:00Z" }),
    USER,
  );
  assert.equal(updated.object.object.metadata.uid, object.metadata.uid);
  assert.equal(updated.object.object.metadata.creationTimestamp, object.metadata.creationTimestamp);
});

test("a dry run does everything but write", async () => {
  await using f = await createRegistryWorld();
  const dry = { ...USER, dryRun: true };
  const revision = f.store.revision;
  const created = await f.widgets.create(widget("a"), dry);
  assert.ok(created.object.metadata.uid);
  assert.equal(created.object.metadata.resourceVersion, undefined);
  await failsWith(f.widgets.create(widget("a", { spec: { size: -1 } }), dry), 422, /may not be negative/);
  assert.equal(f.store.revision, revision);
  const real = await f.widgets.create(widget("a"), USER);
  const updated = await f.widgets.update(A, setting({ spec: { size: 4 } }), dry);
  assert.equal(updated.object.object.metadata.generation, 2);
  assert.equal(updated.object.object.metadata.resourceVersion, String(real.revision));
  assert.equal((await f.widgets.delete(A, dry)).deleted, true);
  assert.equal(await f.widgets.get(A), real);
});

test("the hooks come in upstream's order", async () => {
  const order: string[] = [];
  const note = (what: string) => void order.push(what);
  const definition = {
    ...WIDGETS,
    applyDefaults: () => note("defaults"),
    prepareForCreate: () => note("prepareForCreate"),
    prepareForUpdate: () => note("prepareForUpdate"),
    validate: () => (note("validate"), []),
    validateUpdate: () => (note("validateUpdate"), []),
    warnings: () => (note("warnings"), ["careful"]),
    reserve: async () => (note("reserve"), { undo: () => note("undo"), done: () => note("done") }),
  } as ResourceDefinition;
  await using f = await createRegistryWorld({ definitions: [definition] });
  const warnings: string[] = [];
  const options: WriteOptions = {
    ...USER,
    warn: (text) => warnings.push(text),
    admission: { mutate: async () => note("mutate"), validate: async () => note("admit") },
  };
  const taken = () => order.splice(0).join(" ");
  await f.widgets.create(widget("a"), options);
  assert.equal(taken(), "defaults mutate prepareForCreate validate warnings reserve admit done");
  assert.deepEqual(warnings, ["careful"]);
  await f.widgets.update(A, setting({ spec: { size: 1 } }), options);
  assert.equal(taken(), "defaults mutate prepareForUpdate validate validateUpdate warnings reserve admit done");
  const refusing: WriteOptions = {
    ...USER,
    admission: { validate: () => Promise.reject(forbiddenError({ group: "", resource: "widgets" }, "a", "no")) },
  };
  await failsWith(f.widgets.update(A, setting({ spec: { size: 2 } }), refusing), 403, 'widgets "a" is forbidden: no');
  assert.equal(taken(), "defaults prepareForUpdate validate validateUpdate reserve undo");
  await f.widgets.create(widget("b"), { ...USER, dryRun: true });
  assert.match(taken(), /reserve undo$/);
  await f.widgets.update(A, setting({ spec: { size: 1 } }), USER);
  assert.match(taken(), /reserve undo$/, "nothing was written");
});

test("PUT of what is not there creates it where the kind or the request allows that", async () => {
  await using f = await createRegistryWorld({
    definitions: [WIDGETS, { ...WIDGETS, resource: "puts", createsOnUpdate: true }],
  });
  await failsWith(
    f.widgets.update(A, () => widget("a"), USER),
    404,
    'widgets.example.com "a" not found',
  );
  const puts = f.registry.resource("example.com", "puts")!;
  const made = await puts.update(A, () => widget("a", {}, { uid: "mine", resourceVersion: "99" }), USER);
  assert.equal(made.created, true);
  assert.notEqual(made.object.object.metadata.uid, "mine");
  assert.equal(made.object.object.metadata.generation, 1);
  assert.equal((await f.widgets.update(A, () => widget("a"), { ...USER, allowCreate: true })).created, true);
});

test("two who create the same by update agree", async () => {
  await using f = await createRegistryWorld();
  const options = { ...USER, allowCreate: true };
  const results = await Promise.all(
    [1, 2, 3].map((size) =>
      f.widgets.update(
        A,
        (current) => (current ? setting({ spec: { size } })(current) : widget("a", { spec: { size } })),
        options,
      ),
    ),
  );
  assert.deepEqual(results.map(({ created }) => `${created}`).toSorted(), ["false", "false", "true"]);
  assert.equal((await f.widgets.list({})).items.length, 1);
});

test("an object with a finalizer goes when the last one is taken away", async () => {
  await using f = await createRegistryWorld();
  await f.widgets.create(widget("a", {}, { finalizers: ["x/y", "x/z"] }), USER);
  const watch = reader(f.widgets, { resourceVersion: String(f.store.revision) });
  const begun = await f.widgets.delete(A, USER);
  assert.equal(begun.deleted, false);
  assert.equal(begun.object.object.metadata.deletionGracePeriodSeconds, 0);
  await failsWith(
    f.widgets.update(A, setting({}, { finalizers: ["x/y", "x/z", "x/new"] }), USER),
    422,
    /metadata\.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"x\/new"\}/,
  );
  await f.widgets.update(A, setting({}, { finalizers: ["x/z"], deletionTimestamp: undefined }), USER);
  const last = await f.widgets.update(A, setting({}, { finalizers: [] }), USER);
  assert.equal(last.object.object.metadata.finalizers, undefined);
  await failsWith(f.widgets.get(A), 404, 'widgets.example.com "a" not found');
  const events = await watch.take(3);
  assert.deepEqual(events.map(told), ["MODIFIED a@3", "MODIFIED a@4", "DELETED a@5"]);
  assert.equal(events[2]!.type === "DELETED" && events[2]!.object.object.metadata.resourceVersion, "5");
  await watch.stop();
});

test("a graceful deletion is begun, shortened and finished", async () => {
  await using f = await createRegistryWorld({ definitions: [GRACEFUL] });
  const gadgets = f.registry.resource("example.com", "gadgets")!;
  await gadgets.create(widget("a"), USER);
  const watch = reader(gadgets, { resourceVersion: String(f.store.revision) });
  const begun = await gadgets.delete(A, USER);
  assert.equal(begun.deleted, false);
  assert.equal(begun.object.object.metadata.deletionTimestamp, "2026-01-01T00:00:30Z");
  assert.equal((await gadgets.delete(A, USER)).deleted, false);
  assert.equal((await gadgets.delete(A, { ...USER, gracePeriodSeconds: 0 })).deleted, true);
  assert.deepEqual((await watch.take(3)).map(told), ["MODIFIED a@3", "MODIFIED a@4", "DELETED a@5"]);
  await watch.stop();
});

test("deletion asks admission first, and answers with what was there", async () => {
  await using f = await createRegistryWorld();
  const created = await f.widgets.create(widget("a"), USER);
  await failsWith(
    f.widgets.delete(A, { ...USER, validate: () => Promise.reject(badRequest("not now")) }),
    400,
    "not now",
  );
  assert.equal((await f.widgets.delete(A, USER)).object, created);
  await failsWith(f.widgets.delete(A, USER), 404, 'widgets.example.com "a" not found');
});

test("a collection is deleted by selection; one that is gone meanwhile is no error", async () => {
  await using f = await createRegistryWorld();
  for (let i = 0; i < 40; i++) await f.widgets.create(widget(`w${i}`, {}, { labels: { odd: String(i % 2) } }), USER);
  const gone: string[] = [];
  const { items, resourceVersion } = await f.widgets.deleteCollection(
    { labelSelector: "odd=1" },
    {
      ...USER,
      validate: async (old: KubeObject) => {
        gone.push(old.metadata.name!);
      },
    },
  );
  assert.equal(items.length, 20);
  assert.equal(resourceVersion, items.find(({ key }) => key.name === "w39")!.object.metadata.resourceVersion);
  assert.equal(gone.length, 20);
  assert.equal((await f.widgets.list({})).items.length, 20);
  await failsWith(
    f.widgets.deleteCollection({}, { ...USER, validate: () => Promise.reject(badRequest("no")) }),
    400,
    "no",
  );
});

test("a collection's deletion begins no further one once it is aborted", async () => {
  await using f = await createRegistryWorld();
  for (let i = 0; i < 100; i++) await f.widgets.create(widget(`w${i}`), USER);
  const stop = new AbortController();
  await f.widgets.deleteCollection({}, { ...USER, signal: stop.signal, validate: async () => stop.abort() });
  const left = (await f.widgets.list({})).items.length;
  assert.ok(left > 0 && left < 100, `${left} of 100 left`);
});

test("owner references that are there twice are dropped with a warning", async () => {
  await using f = await createRegistryWorld();
  const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "u" };
  const warnings: string[] = [];
  const { object } = await f.widgets.create(widget("a", {}, { ownerReferences: [owner, { ...owner }] }), {
    ...USER,
    warn: (text) => warnings.push(text),
  });
  assert.equal(object.metadata.ownerReferences?.length, 1);
  assert.match(warnings.join(), /^\.metadata\.ownerReferences contains duplicate entries; .* observed: u$/);
});

test("a subresource writes its part by its own rules", async () => {
  const definition: ResourceDefinition = {
    ...WIDGETS,
    subresources: {
      resize: {
        type: "update",
        prepareForUpdate: (draft, old) => {
          const size = ((draft as AnyDraft)["spec"] as { size: number }).size;
          (draft as AnyDraft)["spec"] = { ...((old as AnyDraft)["spec"] as object), size };
        },
        validateUpdate: (object) =>
          ((object as AnyDraft)["spec"] as { size: number }).size > 10 ? [invalid("spec.size", 11, "too much")] : [],
      },
    },
  };
  await using f = await createRegistryWorld({ definitions: [definition] });
  await f.widgets.create(widget("a", { spec: { size: 1, node: "n" } }), USER);
  const options = { ...USER, subresource: "resize" };
  const { object } = await f.widgets.update(A, setting({ spec: { size: 2, node: "other" } }), options);
  assert.deepEqual((object.object as AnyDraft)["spec"], { size: 2, node: "n" });
  assert.equal(object.object.metadata.generation, 2);
  await failsWith(f.widgets.update(A, setting({ spec: { size: 11 } }), options), 422, /spec\.size: .*too much/);
});

test("what is computed is not stored", async () => {
  const review: ResourceDefinition = {
    ...WIDGETS,
    resource: "reviews",
    namespaced: false,
    compute: async (draft, context) => ({
      ...(draftOf(draft) as KubeObject),
      metadata: { name: context.user.username },
    }),
  };
  const statuses: ResourceDefinition = {
    ...WIDGETS,
    resource: "statuses",
    namespaced: false,
    computedObjects: () => [
      { apiVersion: "", kind: "", metadata: { name: "b" } },
      { apiVersion: "", kind: "", metadata: { name: "a" } },
    ],
  };
  await using f = await createRegistryWorld({ definitions: [review, statuses] });
  const answer = await f.registry.resource("example.com", "reviews")!.create(widget(""), USER);
  assert.equal(answer.object.metadata.name, "admin");
  assert.deepEqual(JSON.parse(new TextDecoder().decode(answer.bytes)), answer.object);
  const computed = f.registry.resource("example.com", "statuses")!;
  assert.deepEqual(
    (await computed.list({})).items.map(({ key }) => key.name),
    ["a", "b"],
  );
  assert.equal((await computed.get({ namespace: "", name: "b" })).object.kind, "Widget");
  await failsWith(computed.get({ namespace: "", name: "c" }), 404, 'statuses.example.com "c" not found');
  assert.equal(f.store.revision, 1);
});
