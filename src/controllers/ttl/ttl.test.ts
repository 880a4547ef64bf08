import assert from "node:assert/strict";
import { test } from "node:test";
import { NODES } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { createTestWorld } from "../testing/world.ts";
import { ttlController } from "./controller.ts";
import { planTtl, ttlStep, TTL_ANNOTATION, type TtlView } from "./plan.ts";

test("the step goes up above its most nodes and down below its least", () => {
  const at = (step: number, nodes: number) => ttlStep(step, nodes);
  assert.deepEqual([at(0, 100), at(0, 101), at(1, 90), at(1, 89)], [0, 1, 1, 0]);
  assert.deepEqual([at(1, 501), at(2, 450), at(2, 449), at(2, 1001)], [2, 2, 1, 3]);
  assert.deepEqual([at(3, 2001), at(4, 1800), at(4, 1799), at(0, 5000)], [4, 4, 3, 4]);
});

const node = (ttl: string | undefined) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: ttl === undefined ? {} : { annotations: { [TTL_ANNOTATION]: ttl } },
});

const example = transcripts({
  plan: ({ says, nodes, step }: { says: string | undefined } & Omit<TtlView, "node">) =>
    planTtl({ node: node(says), nodes, step }),
  tell: (one) => (one.type === "enter" ? `look at all nodes, at step ${one.step}` : `say ${one.seconds} s`),
});

example(
  "a node that says nothing is told",
  { says: undefined, nodes: 1, step: 0 },
  `
  1. say 0 s
  because a cluster of this size keeps what it reads for 0 s
`,
);

example(
  "a node that says what is right is left alone",
  { says: "0", nodes: 1, step: 0 },
  `
  do nothing
  because it says 0 s
`,
);

example(
  "a node that says no number is put right",
  { says: "x", nodes: 95, step: 1 },
  `
  1. say 15 s
  because a cluster of this size keeps what it reads for 15 s
`,
);

example(
  "when the cluster has grown all nodes are looked at",
  { says: "0", nodes: 101, step: 0 },
  `
  1. look at all nodes, at step 1
  2. say 15 s
  because a cluster of this size keeps what it reads for 15 s
`,
);

test("nodes are annotated as they come", async () => {
  await using world = await createTestWorld([ttlController()]);
  const annotations = () =>
    new Set(world.client.all(NODES).map(({ metadata }) => metadata.annotations?.[TTL_ANNOTATION]));
  await world.client.create(NODES, { metadata: { name: "n0" } });
  await world.settle();
  assert.deepEqual(annotations(), new Set(["0"]));
  for (let n = 1; n <= 100; n++) await world.client.create(NODES, { metadata: { name: `n${n}` } });
  await world.settle();
  assert.deepEqual(annotations(), new Set(["15"]));
  for (let n = 1; n <= 12; n++) world.client.remove(NODES, { namespace: "", name: `n${n}` });
  await world.settle();
  assert.deepEqual(annotations(), new Set(["0"]));
});
