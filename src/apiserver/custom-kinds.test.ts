/** A kind that nothing built in knows: added, changed and removed while it is written and watched. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { plainError, type KubeObject, type ObjectMeta } from "#objects";
import { alphaToV1, gadgets, local, remote, V1, V1_WITH_COLOR, v1ToAlpha, V1ALPHA1 } from "./testing/custom-kinds.ts";
import { eventsOf, failure, createApiWorld, type ApiWorld } from "./testing/world.ts";

interface Gadget extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: { readonly phase?: string };
}

const path = (version: string) => `/apis/test.example.com/${version}/namespaces/default/gadgets`;
const [ALPHA, STABLE] = [path("v1alpha1"), path("v1")];
const alpha = (name: string, spec: object) => ({
  apiVersion: "test.example.com/v1alpha1",
  kind: "Gadget",
  metadata: { name },
  spec,
});
const typed = (type: string) => ({ headers: { "content-type": type } });
const MERGE = typed("application/merge-patch+json");
const STRATEGIC = typed("application/strategic-merge-patch+json");
const APPLY = typed("application/apply-patch+yaml");

const ALPHA_STORED = gadgets({
  versions: [V1ALPHA1, { ...V1, conversion: local(alphaToV1, v1ToAlpha) }],
});
const STABLE_STORED = gadgets({
  storageVersion: "v1",
  versions: [V1, { ...V1ALPHA1, conversion: local(v1ToAlpha, alphaToV1) }],
});

async function made(api: ApiWorld, name: string, spec: object): Promise<Gadget> {
  const answer = await api.ask(`POST ${ALPHA}`, { body: alpha(name, spec) });
  assert.equal(answer.status, 201, answer.text);
  return answer.json<Gadget>();
}

const got = async (api: ApiWorld, at: string): Promise<Gadget> => {
  const answer = await api.ask(`GET ${at}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json<Gadget>();
};

type Line = { readonly type: string; readonly object: Record<string, unknown> };
const told = ({ type, object }: Line) =>
  `${type} ${(object["metadata"] as ObjectMeta).name} ${JSON.stringify(object["spec"])}`;

/** A watch that is read line by line. */
async function watching(api: ApiWorld, at: string, query = "") {
  const lines = eventsOf(await api.open(`GET ${at}?watch=1${query}`))[Symbol.asyncIterator]();
  return {
    next: async () => told(((await lines.next()) as IteratorResult<Line> & { value: Line }).value),
    /** What is left, once it has ended. */
    rest: async () => {
      const rest: Line[] = [];
      for (let line = await lines.next(); !line.done; line = await lines.next()) rest.push(line.value);
      return rest;
    },
  };
}

describe("a custom kind", () => {
  it("is found, written in every way, read in every form and listed in pages", async () => {
    await using api = await createApiWorld();
    assert.equal((await api.ask(`GET ${ALPHA}`)).status, 404);
    api.registry.add(gadgets({}));
    const found = await api.ask("GET /apis/test.example.com/v1alpha1");
    assert.match(found.text, /"name":"gadgets"/);
    assert.match(found.text, /"name":"gadgets\/status"/);

    const first = await made(api, "a", { size: "1", parts: [{ name: "x", value: "1" }] });
    assert.equal(first.metadata.generation, 1);
    const put = await api.ask(`PUT ${ALPHA}/a`, { body: { ...first, spec: { ...first.spec, size: "2" } } });
    assert.equal(put.json<Gadget>().metadata.generation, 2, put.text);
    const merged = await api.ask(`PATCH ${ALPHA}/a`, { ...MERGE, body: { spec: { size: "3" } } });
    assert.deepEqual(merged.json<Gadget>().spec, { size: "3", parts: [{ name: "x", value: "1" }] });
    const status = await api.ask(`PATCH ${ALPHA}/a/status`, {
      ...MERGE,
      body: { spec: { size: "9" }, status: { phase: "Ready" } },
    });
    assert.deepEqual(status.json<Gadget>().status, { phase: "Ready" });
    assert.equal(status.json<Gadget>().spec?.["size"], "3");
    assert.equal((await api.ask(`PATCH ${ALPHA}/a`, { ...STRATEGIC, body: {} })).status, 415);

    const applied = await api.ask(`PATCH ${ALPHA}/a?fieldManager=m`, {
      ...APPLY,
      body: alpha("a", { parts: [{ name: "y", value: "2" }] }),
    });
    assert.equal(applied.status, 200, applied.text);
    assert.deepEqual(applied.json<Gadget>().spec?.["parts"], [
      { name: "x", value: "1" },
      { name: "y", value: "2" },
    ]);
    const conflict = await api.ask(`PATCH ${ALPHA}/a?fieldManager=n`, {
      ...APPLY,
      body: alpha("a", { parts: [{ name: "y", value: "3" }] }),
    });
    assert.equal(conflict.status, 409);
    const unapplied = await api.ask(`PATCH ${ALPHA}/a?fieldManager=m`, { ...APPLY, body: alpha("a", {}) });
    assert.deepEqual(unapplied.json<Gadget>().spec?.["parts"], [{ name: "x", value: "1" }]);

    assert.match(
      failure(await api.ask(`POST ${ALPHA}?fieldValidation=Strict`, { body: alpha("b", { colour: "red" }) })),
      /strict decoding error: unknown field "spec.colour"/,
    );
    assert.equal(
      failure(await api.ask(`POST ${ALPHA}`, { body: { ...alpha("b", {}), kind: "Other" } })),
      '422 Invalid: Gadget.test.example.com "b" is invalid: kind: Invalid value: "Other": must be Gadget',
    );
    await made(api, "b", { size: "1" });
    await made(api, "c", { size: "1" });
    type Page = { readonly metadata: { readonly continue?: string }; readonly items: readonly Gadget[] };
    const names: (string | undefined)[] = [];
    for (let token: string | undefined = ""; token !== undefined;) {
      const page: Page = (await api.ask(`GET ${ALPHA}?limit=2&continue=${encodeURIComponent(token)}`)).json<Page>();
      assert.equal(page.items[0]?.kind, "Gadget", "items say what they are");
      names.push(...page.items.map(({ metadata }) => metadata.name));
      token = page.metadata.continue;
    }
    assert.deepEqual(names, ["a", "b", "c"]);
    const table = await api.ask(`GET ${ALPHA}`, {
      headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
    });
    assert.match(table.text, /"kind":"Table"/);
    assert.equal((await api.ask(`DELETE ${ALPHA}/b`)).status, 200);
    assert.equal((await api.ask("GET /openapi/v3/apis/test.example.com/v1alpha1")).status, 200);
    assert.deepEqual(api.errors, []);
  });

  it("that is no custom resource is patched by its schema's strategies", async () => {
    await using api = await createApiWorld();
    api.registry.add(gadgets({ custom: false }));
    await made(api, "a", { parts: [{ name: "x", value: "1" }] });
    const patched = await api.ask(`PATCH ${ALPHA}/a`, {
      ...STRATEGIC,
      body: { spec: { parts: [{ name: "y", value: "2" }] } },
    });
    assert.deepEqual((patched.json<Gadget>().spec!["parts"] as { name: string }[]).map(({ name }) => name).toSorted(), [
      "x",
      "y",
    ]);
  });

  it("gets a version while it is watched: the watch ends, and goes on where it was", async () => {
    await using api = await createApiWorld();
    api.registry.add(gadgets({}));
    const before = await watching(api, ALPHA);
    const a = await made(api, "a", { size: "1" });
    assert.equal(await before.next(), 'ADDED a {"size":"1"}');
    api.registry.add(ALPHA_STORED);
    assert.deepEqual(await before.rest(), [], "it ends without an error");
    await made(api, "b", { size: "2" });

    const since = `&resourceVersion=${a.metadata.resourceVersion}`;
    assert.equal(await (await watching(api, ALPHA, since)).next(), 'ADDED b {"size":"2"}');
    assert.equal(await (await watching(api, STABLE, since)).next(), 'ADDED b {"amount":2}');
    const both = (await api.ask(`GET ${STABLE}`)).json<{ items: Gadget[] }>().items;
    assert.deepEqual(
      both.map(({ apiVersion, spec }) => [apiVersion, spec]),
      [
        ["test.example.com/v1", { amount: 1 }],
        ["test.example.com/v1", { amount: 2 }],
      ],
    );
    const put = await api.ask(`PUT ${STABLE}/a?fieldManager=stable`, { body: { ...both[0], spec: { amount: 7 } } });
    assert.deepEqual(put.json<Gadget>().spec, { amount: 7 }, put.text);
    assert.deepEqual((await got(api, `${ALPHA}/a`)).spec, { size: "7" });
    assert.deepEqual(
      put
        .json<Gadget>()
        .metadata.managedFields?.map(({ apiVersion, manager, fieldsV1 }) => [apiVersion, manager, fieldsV1]),
      [
        ["test.example.com/v1", "stable", { "f:spec": { "f:amount": {} } }],
        ["test.example.com/v1alpha1", "unknown", { "f:spec": {} }],
      ],
      "the manager that owned the size in the other version has lost it",
    );
  });

  it("is stored in another version: what was stored before is read from that", async () => {
    await using api = await createApiWorld();
    api.registry.add(ALPHA_STORED);
    const a = await made(api, "a", { size: "1" });
    const b = await made(api, "b", { size: "2" });
    const watch = await watching(api, STABLE, `&resourceVersion=${b.metadata.resourceVersion}`);
    const page = (await api.ask(`GET ${STABLE}?limit=1`)).json<{ metadata: { continue: string } }>();
    api.registry.add(STABLE_STORED);
    assert.deepEqual(await watch.rest(), []);

    assert.deepEqual((await got(api, `${STABLE}/a`)).spec, { amount: 1 });
    assert.deepEqual((await got(api, `${ALPHA}/a`)).spec, { size: "1" });
    const patched = await api.ask(`PATCH ${ALPHA}/a`, { ...MERGE, body: { spec: { size: "5" } } });
    assert.deepEqual(patched.json<Gadget>().spec, { size: "5" }, patched.text);
    const stored = await api.store.range({ start: "/registry/test.example.com/", end: "/registry/test.example.com0" });
    assert.deepEqual(
      stored.ok &&
        stored.value.entries.map(({ value }) => (JSON.parse(new TextDecoder().decode(value)) as Gadget).spec),
      [{ amount: 5 }, { size: "2" }],
      "what is written is of the new version, what is not stays",
    );
    const rest = await api.ask(`GET ${STABLE}?limit=5&continue=${encodeURIComponent(page.metadata.continue)}`);
    assert.deepEqual(
      rest.json<{ items: Gadget[] }>().items.map(({ spec }) => spec),
      [{ amount: 2 }],
    );
    const history = await watching(api, STABLE, `&resourceVersion=${a.metadata.resourceVersion}`);
    assert.equal(await history.next(), 'ADDED b {"amount":2}');
    assert.equal(await history.next(), 'MODIFIED a {"amount":5}');
    assert.deepEqual(api.errors, []);
  });

  it("takes what another server still writes in an old version", async () => {
    await using api = await createApiWorld();
    api.registry.add(STABLE_STORED);
    const watch = await watching(api, STABLE);
    const a = await made(api, "a", { size: "1" });
    assert.equal(await watch.next(), 'ADDED a {"amount":1}');
    const { metadata } = await got(api, `${STABLE}/a`);
    const { resourceVersion: _, ...rest } = metadata;
    const key = "/registry/test.example.com/gadgets/default/a";
    const value = new TextEncoder().encode(JSON.stringify({ ...alpha("a", { size: "8" }), metadata: rest }));
    await api.store.commit({
      expect: [{ key, modRevision: Number(a.metadata.resourceVersion) }],
      writes: [{ type: "put", key, value }],
    });
    assert.equal(await watch.next(), 'MODIFIED a {"amount":8}');
    const patched = await api.ask(`PATCH ${STABLE}/a`, { ...MERGE, body: { spec: { amount: 9 } } });
    assert.deepEqual(patched.json<Gadget>().spec, { amount: 9 }, patched.text);
    assert.equal(await watch.next(), 'MODIFIED a {"amount":9}');
  });

  it("that was stored in a version which it no longer has is not read as something else", async () => {
    await using api = await createApiWorld();
    api.registry.add(gadgets({}));
    await made(api, "a", { size: "1" });
    api.registry.add(gadgets({ storageVersion: "v1", versions: [V1] }));
    const refused = await api.ask(`GET ${STABLE}/a`);
    assert.equal(refused.status, 500);
    assert.match(refused.text, /no kind \\"Gadget\\" is registered for version \\"test.example.com\/v1alpha1\\"/);
    api.registry.add(
      gadgets({
        storageVersion: "v1",
        versions: [V1],
        unservedVersions: [{ ...V1ALPHA1, conversion: local(v1ToAlpha, alphaToV1) }],
      }),
    );
    assert.deepEqual((await got(api, `${STABLE}/a`)).spec, { amount: 1 });
    assert.equal((await api.ask(`GET ${ALPHA}/a`)).status, 404, "it is not served");
  });

  it("gets another schema: what is written from then on is of that", async () => {
    await using api = await createApiWorld();
    api.registry.add(gadgets({ storageVersion: "v1", versions: [V1] }));
    const stable = (name: string, spec: object) => ({ ...alpha(name, spec), apiVersion: "test.example.com/v1" });
    const strict = `POST ${STABLE}?fieldValidation=Strict`;
    assert.equal((await api.ask(strict, { body: stable("a", { amount: 1, color: "blue" }) })).status, 400);
    assert.equal((await api.ask(strict, { body: stable("a", { amount: 1 }) })).status, 201);
    api.registry.add(gadgets({ storageVersion: "v1", versions: [V1_WITH_COLOR] }));
    assert.equal((await api.ask(strict, { body: stable("b", { amount: 1, color: "blue" }) })).status, 201);
    const patched = await api.ask(`PATCH ${STABLE}/a`, { ...MERGE, body: { spec: { amount: 2 } } });
    assert.deepEqual(patched.json<Gadget>().spec, { amount: 2, color: "red" });
  });

  it("is removed while it is watched and comes again, with other versions", async () => {
    await using api = await createApiWorld();
    api.registry.add(ALPHA_STORED);
    await made(api, "a", { size: "1" });
    const watch = await watching(api, STABLE);
    assert.equal(await watch.next(), 'ADDED a {"amount":1}');
    const slow = await api.open(`GET ${ALPHA}?watch=1`);
    api.registry.remove("test.example.com", "gadgets");
    assert.deepEqual(await watch.rest(), []);
    assert.equal(slow.body.type, "stream");
    assert.equal((await api.ask(`GET ${ALPHA}/a`)).status, 404);
    assert.equal((await api.ask("GET /apis/test.example.com")).status, 404);

    // Another kind of the same name: nothing of how the first was shown is left.
    const doubled = local(
      (object) => ({ ...object, spec: { amount: 2 * Number((object["spec"] as { size: string }).size) } }),
      v1ToAlpha,
    );
    api.registry.add(gadgets({ versions: [V1ALPHA1, { ...V1, conversion: doubled }] }));
    assert.deepEqual((await got(api, `${STABLE}/a`)).spec, { amount: 2 });
    const again = await watching(api, STABLE);
    assert.equal(await again.next(), 'ADDED a {"amount":2}');
    assert.deepEqual(api.errors, []);
  });

  it("shows what another conversion makes of the same objects once that is changed", async () => {
    await using api = await createApiWorld();
    api.registry.add(ALPHA_STORED);
    await made(api, "a", { size: "1" });
    assert.deepEqual((await got(api, `${STABLE}/a`)).spec, { amount: 1 });
    assert.equal(await (await watching(api, STABLE)).next(), 'ADDED a {"amount":1}');
    const hundredfold = local(
      (object) => ({ ...object, spec: { amount: 100 * Number((object["spec"] as { size: string }).size) } }),
      v1ToAlpha,
    );
    api.registry.add(gadgets({ versions: [V1ALPHA1, { ...V1, conversion: hundredfold }] }));
    assert.deepEqual((await got(api, `${STABLE}/a`)).spec, { amount: 100 });
    assert.equal(await (await watching(api, STABLE)).next(), 'ADDED a {"amount":100}');
  });
});

describe("a kind that a webhook converts", () => {
  const served = (calls: string[], broken: { now: boolean }) => {
    const called = (what: string) => {
      if (broken.now) throw plainError("conversion webhook for test.example.com failed");
      calls.push(what);
    };
    return {
      alphaStored: gadgets({ versions: [V1ALPHA1, { ...V1, conversion: remote(alphaToV1, v1ToAlpha, called) }] }),
      stableStored: gadgets({
        storageVersion: "v1",
        versions: [V1, { ...V1ALPHA1, conversion: remote(v1ToAlpha, alphaToV1, called) }],
      }),
    };
  };

  it("is converted a whole list in one call, and each object once", async () => {
    await using api = await createApiWorld();
    const calls: string[] = [];
    api.registry.add(served(calls, { now: false }).alphaStored);
    for (const name of ["a", "b", "c"]) await made(api, name, { size: "1" });
    assert.deepEqual(calls, [], "the version that is stored takes none");
    const items = (await api.ask(`GET ${STABLE}`)).json<{ items: Gadget[] }>().items;
    assert.deepEqual(
      items.map(({ spec }) => spec),
      [{ amount: 1 }, { amount: 1 }, { amount: 1 }],
    );
    assert.deepEqual(calls.splice(0), ["from 3"]);
    const watch = await watching(api, STABLE);
    assert.equal(await watch.next(), 'ADDED a {"amount":1}');
    assert.deepEqual(calls, [], "what was converted is kept");
    const applied = await api.ask(`PATCH ${STABLE}/a?fieldManager=m&force=true`, {
      ...APPLY,
      body: { ...alpha("a", { amount: 4 }), apiVersion: "test.example.com/v1" },
    });
    assert.deepEqual(applied.json<Gadget>().spec, { amount: 4 }, applied.text);
    assert.deepEqual((await got(api, `${ALPHA}/a`)).spec, { size: "4" });
    const put = await api.ask(`PUT ${STABLE}/a`, { body: { ...applied.json<Gadget>(), spec: { amount: 5 } } });
    assert.deepEqual(put.json<Gadget>().spec, { amount: 5 }, put.text);
  });

  it("is read from the version that it was stored in, in one call; while that fails, so do its readers", async () => {
    await using api = await createApiWorld();
    const calls: string[] = [];
    const broken = { now: false };
    const { alphaStored, stableStored } = served(calls, broken);
    api.registry.add(alphaStored);
    for (const name of ["a", "b"]) await made(api, name, { size: "2" });
    broken.now = true;
    api.registry.add(stableStored);
    assert.equal(
      failure(await api.ask(`GET ${STABLE}`)),
      "500 undefined: conversion webhook for test.example.com failed",
    );
    const failed = await watching(api, STABLE);
    assert.deepEqual(
      (await failed.rest()).map(({ type }) => type),
      ["ERROR"],
    );
    broken.now = false;
    const items = (await api.ask(`GET ${STABLE}`)).json<{ items: Gadget[] }>().items;
    assert.deepEqual(
      items.map(({ spec }) => spec),
      [{ amount: 2 }, { amount: 2 }],
    );
    assert.deepEqual(calls, ["to 2"]);
  });

  it("keeps the order of changes while one of them is converted", async () => {
    await using api = await createApiWorld();
    const calls: string[] = [];
    const broken = { now: false };
    api.registry.add(served(calls, broken).stableStored);
    const watch = await watching(api, STABLE);
    const key = "/registry/test.example.com/gadgets/default/a";
    const value = new TextEncoder().encode(JSON.stringify(alpha("a", { size: "3" })));
    await got(api, STABLE);
    await api.store.commit({ expect: [], writes: [{ type: "put", key, value }] });
    const b = await api.ask(`POST ${STABLE}`, {
      body: { ...alpha("b", { amount: 1 }), apiVersion: "test.example.com/v1" },
    });
    assert.equal(b.status, 201);
    assert.equal(await watch.next(), 'ADDED a {"amount":3}');
    assert.equal(await watch.next(), 'ADDED b {"amount":1}');

    broken.now = true;
    await api.store.commit({ expect: [], writes: [{ type: "put", key, value }] });
    assert.match(failure(await api.ask(`GET ${STABLE}/a`)), /webhook for test.example.com failed/);
    assert.deepEqual(
      (await watch.rest()).map(({ type }) => type),
      ["ERROR"],
    );
    broken.now = false;
    assert.deepEqual((await got(api, `${STABLE}/a`)).spec, { amount: 3 });
  });
});
