/** A large body is worked on in pieces, between which others are served; a small one is not. Turns of the event loop are counted, not time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createApiWorld, type ApiWorld, type Asked } from "./testing/world.ts";

const PATH = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, keys: number, labels = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
  data: Object.fromEntries(Array.from({ length: keys }, (_, i) => [`key-${i}`, "v"])),
});

/** How many turns the event loop takes until the request is answered. */
async function turnsOf(world: ApiWorld, line: string, asked: Asked): Promise<number> {
  let turns = 0;
  let isDone = false;
  const answered = world.ask(line, asked).finally(() => (isDone = true));
  while (!isDone) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
    turns++;
  }
  const { status, text } = await answered;
  assert.ok(status < 300, text);
  return turns;
}

const json = { "content-type": "application/json" };
const contentType = (type: string) => ({ headers: { "content-type": type } });

const WRITES: Readonly<Record<string, (keys: number) => readonly [line: string, asked: Asked]>> = {
  "a create": (keys) => [`POST ${PATH}`, { body: configMap("new", keys), headers: json }],
  "a create from YAML": (keys) => [
    `POST ${PATH}`,
    { body: `# YAML\n${JSON.stringify(configMap("new", keys))}`, ...contentType("application/yaml") },
  ],
  "a dry run": (keys) => [`POST ${PATH}?dryRun=All`, { body: configMap("new", keys), headers: json }],
  "an update": (keys) => [`PUT ${PATH}/old`, { body: configMap("old", keys, { a: "b" }), headers: json }],
  "a JSON patch": () => [
    `PATCH ${PATH}/old`,
    { body: [{ op: "add", path: "/data/a", value: "b" }], ...contentType("application/json-patch+json") },
  ],
  "a merge patch": (keys) => [
    `PATCH ${PATH}/old`,
    { body: { data: { ...configMap("old", keys).data, a: "b" } }, ...contentType("application/merge-patch+json") },
  ],
  "a strategic merge patch": () => [
    `PATCH ${PATH}/old`,
    { body: { data: { a: "b" } }, ...contentType("application/strategic-merge-patch+json") },
  ],
  "an apply": (keys) => [
    `PATCH ${PATH}/old?fieldManager=me&force=true`,
    { body: configMap("old", keys), ...contentType("application/apply-patch+yaml") },
  ],
};

describe("others are served while a large object is written by", () => {
  for (const [what, write] of Object.entries(WRITES)) {
    test(what, async () => {
      const turns = async (keys: number) => {
        await using world = await createApiWorld();
        await world.ask(`POST ${PATH}`, { body: configMap("old", keys), headers: json });
        return await turnsOf(world, ...write(keys));
      };
      const [small, large] = [await turns(10), await turns(6_000)];
      assert.ok(small <= 2, `a small one took ${small} turns`);
      assert.ok(large >= small + 8, `a large one took ${large} turns, a small one ${small}`);
    });
  }
});
