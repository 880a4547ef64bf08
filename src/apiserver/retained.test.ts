import assert from "node:assert/strict";
import { test } from "node:test";
import { retainedBy } from "#base/testing";
import { negotiate, plainOnly } from "./http/accept.ts";
import { yamlOf } from "./render/yaml.ts";
import { createApiWorld } from "./testing/world.ts";

/** A text of its own in one piece, as a request brings it. */
const text = (i: number, length: number) => Buffer.from(`${i}${"x".repeat(length)}`).toString("latin1");

test("the forms that are remembered by Accept header hold little, however long the headers are", () => {
  const request = (i: number) =>
    assert.ok(negotiate(`application/json;a=${text(i, 60_000)}`, plainOnly), "the form is served");
  request(0);
  // 30 MB at once if they were counted alone.
  const held = retainedBy(() => {
    for (let i = 1; i <= 499; i++) request(i);
  });
  assert.ok(held < 5 * 2 ** 20, `${held} bytes are held`);
});

test("the keys that are remembered for YAML hold little, however long they are", () => {
  const answer = (i: number) => assert.ok(yamlOf({ [text(i, 50_000)]: 1 }).length > 50_000);
  answer(0);
  // 100 MB at once if they were counted alone.
  const held = retainedBy(() => {
    for (let i = 1; i <= 1_999; i++) answer(i);
  });
  assert.ok(held < 5 * 2 ** 20, `${held} bytes are held`);
});

test("metrics have series for what is served, and none for each text that a client writes into a path or as a method", async () => {
  await using api = await createApiWorld();
  const lines = async () => (await api.ask("GET /metrics")).text.split("\n").length;
  const probe = async (i: number) => {
    await api.ask(`GET /apis/g${i}.example.com/v1/widgets/w`);
    await api.ask(`GET /apis/apps/v9${i}/deployments`);
    await api.ask(`GET /api/v1/namespaces/default/pods/p/sub${i}`);
    await api.ask(`GET /api/v1/namespaces/default/pods/p/sub${i}`, { as: "nobody" });
    await api.ask(`GET /apis/apps/v1/namespaces/default/kind${i}`, { as: "nobody" });
    await api.ask(`METHOD${i} /api/v1/namespaces/default/pods`);
    await api.ask(`METHOD${i} /version`);
  };
  await probe(0);
  await lines();
  const before = await lines();
  for (let i = 1; i <= 20; i++) await probe(i);
  assert.equal(await lines(), before);
});
