import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_MAPS, type ConfigMap } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { createTestWorld } from "../testing/world.ts";
import { legacyTokenTracker } from "./controller.ts";
import { planTracking, TRACKING, type TrackingView } from "./plan.ts";

const configMap = (data?: ConfigMap["data"]): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: TRACKING,
  ...(data ? { data } : {}),
});

const example = transcripts<TrackingView, ReturnType<typeof planTracking>["steps"][number]>({
  plan: planTracking,
  now: Date.parse("2026-05-31T23:59:00Z"),
  tell: ({ type, configMap: { data = {} } }) => `${type} it with ${Object.entries(data).join(" ")}`,
});

example(
  "tracking begins today where nothing says when it began",
  { configMap: undefined, madeAgoMs: undefined },
  `
  1. create it with since,2026-05-31
  because it is not there
`,
);

example(
  "a ConfigMap that a client deletes comes back half an hour after it was made",
  { configMap: undefined, madeAgoMs: 10 * 60_000 },
  `
  do nothing
  look again in 1200 s
  because it was made a short while ago
`,
);

example(
  "a day that is none is put right, and what else a client wrote stays",
  { configMap: configMap({ since: "2026-02-30", mine: "x" }), madeAgoMs: undefined },
  `
  1. update it with since,2026-05-31 mine,x
  because it names no day
`,
);

example(
  "the day on which tracking began stays",
  { configMap: configMap({ since: "2020-02-29" }), madeAgoMs: undefined },
  `
  do nothing
  because it names a day
`,
);

test("the ConfigMap is made at the start, and made again once in half an hour however often it is deleted", async () => {
  await using world = await createTestWorld([legacyTokenTracker()]);
  const { client } = world;
  const isThere = () => client.all(CONFIG_MAPS).length === 1;
  await world.settle();
  assert.ok(isThere());
  await client.delete(CONFIG_MAPS, TRACKING);
  await world.settle(29 * 60_000);
  assert.ok(!isThere());
  await world.settle(60_000);
  assert.ok(isThere());
});
