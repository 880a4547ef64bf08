import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatusError } from "#objects";
import type { ListQuery } from "../contract.ts";
import { createRegistryWorld, setting, USER, widget } from "../testing/world.ts";
import { decodeContinue, encodeContinue } from "./continue-token.ts";

const failsWith = (promise: Promise<unknown>, code: number, message: string | RegExp) =>
  assert.rejects(promise, (error: StatusError) => {
    assert.equal(error.code, code);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });

async function filled(count: number) {
  const f = await createRegistryWorld();
  for (let i = 0; i < count; i++) {
    await f.widgets.create(
      widget(`w${i}`, { spec: { node: i % 2 ? "odd" : "even" } }, { labels: { i: String(i) } }),
      USER,
    );
  }
  return f;
}

test("a list with options that exclude each other is refused in upstream's words", async () => {
  await using f = await createRegistryWorld();
  const invalid = (text: string) => `ListOptions.meta.k8s.io "" is invalid: ${text}`;
  const cases: readonly (readonly [ListQuery, number, string])[] = [
    [
      { resourceVersionMatch: "Exact" },
      422,
      invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"),
    ],
    [
      { resourceVersion: "0", resourceVersionMatch: "Exact" },
      422,
      invalid('resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
    ],
    [
      { resourceVersion: "1", resourceVersionMatch: "Exact", continue: "x" },
      422,
      invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided"),
    ],
    [
      { resourceVersion: "1", resourceVersionMatch: "Newest" },
      422,
      invalid('resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""'),
    ],
    [
      { resourceVersion: "abc" },
      400,
      'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    [{ fieldSelector: "spec.other=1" }, 400, "field label not supported: spec.other"],
    [{ fieldSelector: "spec" }, 400, "invalid selector: 'spec'; can't understand 'spec'"],
  ];
  for (const [query, code, message] of cases) await failsWith(f.widgets.list(query), code, message);
});

test("a revision that is yet to come is waited for, but not for long", async () => {
  await using f = await filled(1);
  const soon = f.widgets.list({ resourceVersion: "3", resourceVersionMatch: "NotOlderThan" });
  await f.widgets.create(widget("x"), USER);
  assert.equal((await soon).resourceVersion, "3");
  const never = f.widgets.list({ resourceVersion: "100" });
  const rejected = assert.rejects(never, (error: StatusError) => {
    assert.equal(error.code, 504);
    assert.equal(error.message, "Timeout: Too large resource version: 100, current: 3");
    assert.deepEqual(error.status.details?.causes, [
      { reason: "ResourceVersionTooLarge", message: "Too large resource version" },
    ]);
    return true;
  });
  await f.clock.advance(3000);
  await rejected;
});

test("pages say how many remain, but not with selectors", async () => {
  await using f = await filled(10);
  const first = await f.widgets.list({ limit: 4 });
  assert.equal(first.remainingItemCount, 6);
  assert.deepEqual(decodeContinue(first.continue!), { revision: 11, start: "default/w3\0", began: f.clock.now() });
  const last = await f.widgets.list({ limit: 6, continue: first.continue! });
  assert.equal(last.items.length, 6);
  assert.equal(last.continue, undefined);
  assert.equal(last.remainingItemCount, undefined);
  const odd = await f.widgets.list({ limit: 2, fieldSelector: "spec.node=odd", namespace: "default" });
  assert.deepEqual(
    odd.items.map(({ key }) => key.name),
    ["w1", "w3"],
  );
  assert.equal(odd.remainingItemCount, undefined);
  const { revision, start } = decodeContinue(odd.continue!);
  assert.deepEqual([revision, start], [11, "w4\0"]);
});

test("a list is continued for five minutes from its first page on, though its revision is there still", async () => {
  await using f = await filled(6);
  const first = await f.widgets.list({ limit: 2 });
  await f.clock.advance(4 * 60_000);
  const second = await f.widgets.list({ limit: 2, continue: first.continue! });
  await f.clock.advance(60_000);
  assert.equal(f.store.compacted < Number(first.resourceVersion), true);
  let token = "";
  await assert.rejects(f.widgets.list({ limit: 1, continue: second.continue! }), (error: StatusError) => {
    assert.deepEqual([error.code, error.reason], [410, "Expired"]);
    token = error.status.metadata?.continue ?? "";
    return true;
  });
  await f.widgets.delete({ namespace: "default", name: "w0" }, USER);
  const third = await f.widgets.list({ limit: 1, continue: token });
  assert.notEqual(third.resourceVersion, first.resourceVersion);
  await f.clock.advance(4 * 60_000);
  const last = await f.widgets.list({ continue: third.continue! });
  assert.deepEqual(
    [...third.items, ...last.items].map(({ key }) => key.name),
    ["w4", "w5"],
  );
  assert.equal(last.resourceVersion, third.resourceVersion);
});

test("a continue token outlives changes, but not compaction; then it gets a fresh one", async () => {
  await using f = await filled(6);
  const first = await f.widgets.list({ limit: 2 });
  await f.widgets.delete({ namespace: "default", name: "w2" }, USER);
  await f.widgets.update({ namespace: "default", name: "w4" }, setting({ spec: { size: 1 } }), USER);
  const second = await f.widgets.list({ limit: 2, continue: first.continue! });
  assert.deepEqual(
    second.items.map(({ key, revision }) => `${key.name}@${revision}`),
    ["w2@4", "w3@5"],
  );
  assert.equal(second.resourceVersion, "7");
  await f.store.compact(f.store.revision);
  let token = "";
  await assert.rejects(f.widgets.list({ limit: 2, continue: second.continue! }), (error: StatusError) => {
    assert.deepEqual([error.code, error.reason], [410, "Expired"]);
    assert.match(
      error.message,
      /^The provided continue parameter is too old to display a consistent list result\. You can start a new list without the continue parameter, or use the continue token in this response/,
    );
    token = error.status.metadata?.continue ?? "";
    return true;
  });
  const third = await f.widgets.list({ limit: 5, continue: token });
  assert.deepEqual(
    third.items.map(({ key, revision }) => `${key.name}@${revision}`),
    ["w4@9", "w5@7"],
  );
  assert.equal(third.resourceVersion, "9");
  await failsWith(
    f.widgets.list({ resourceVersion: "3", resourceVersionMatch: "Exact" }),
    410,
    "The resourceVersion for the provided list is too old.",
  );
  await failsWith(
    f.widgets.list({ continue: token, resourceVersion: "5" }),
    400,
    "specifying resource version is not allowed when using continue",
  );
});

test("what was replaced five minutes ago is not listed any more, though the store has it still", async () => {
  await using f = await filled(5);
  const exactly = (resourceVersion: string) => f.widgets.list({ resourceVersion, resourceVersionMatch: "Exact" });
  const token = encodeContinue({ revision: 3, start: "default/w1" });
  assert.equal((await exactly("3")).items.length, 2);
  assert.equal((await f.widgets.list({ continue: token })).resourceVersion, "3");
  await f.clock.advance(10_000);
  const made = await f.widgets.create(widget("later"), USER);
  await f.clock.advance(5 * 60_000);
  await failsWith(exactly("3"), 410, "The resourceVersion for the provided list is too old.");
  await failsWith(
    f.widgets.list({ limit: 2, resourceVersion: "3" }),
    410,
    "The resourceVersion for the provided list is too old.",
  );
  await failsWith(f.widgets.list({ continue: token }), 410, /^The provided continue parameter is too old/);
  assert.equal((await exactly(String(made.revision))).items.length, 6);
});

test("a limit with a resourceVersion is a list at exactly that revision", async () => {
  await using f = await filled(5);
  const list = await f.widgets.list({ limit: 10, resourceVersion: "3" });
  assert.equal(list.items.length, 2);
  assert.equal(list.resourceVersion, "3");
  assert.equal((await f.widgets.list({ resourceVersion: "3" })).items.length, 5);
});

test("a limit does not count where any version will do", async () => {
  await using f = await filled(5);
  const whole = await f.widgets.list({ resourceVersion: "0", limit: 3 });
  assert.equal(whole.items.length, 5);
  assert.equal(whole.continue, undefined);
  const first = await f.widgets.list({ limit: 3 });
  assert.equal((await f.widgets.list({ resourceVersion: "0", limit: 1, continue: first.continue! })).items.length, 1);
});

test("lists are in key order, whatever was asked for", async () => {
  await using f = await filled(30);
  for (const query of [
    {},
    { fieldSelector: "spec.node=odd" },
    { labelSelector: "i in (7,21,3)" },
    { fieldSelector: "metadata.name=w7" },
  ]) {
    const names = (await f.widgets.list(query)).items.map(({ key }) => key.name);
    assert.deepEqual(names, names.toSorted());
    assert.ok(names.length > 0);
  }
});

test("an index follows changes of its field", async () => {
  await using f = await filled(64);
  const on = async (node: string) =>
    (await f.widgets.list({ fieldSelector: `spec.node=${node}` })).items.map(({ key }) => key.name);
  assert.deepEqual(await on("new"), []);
  await f.widgets.update({ namespace: "default", name: "w5" }, setting({ spec: { node: "new" } }), USER);
  await f.widgets.create(widget("w99", { spec: { node: "new" } }), USER);
  assert.deepEqual(await on("new"), ["w5", "w99"]);
  await f.widgets.delete({ namespace: "default", name: "w5" }, USER);
  await f.widgets.update({ namespace: "default", name: "w99" }, setting({ spec: {} }), USER);
  assert.deepEqual(await on("new"), []);
});
