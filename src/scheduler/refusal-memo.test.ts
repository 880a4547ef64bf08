import assert from "node:assert/strict";
import { test } from "node:test";
import { retainedBy } from "#base/testing";
import { PodInfo } from "./model/pod-info.ts";
import { RefusalMemo } from "./refusal-memo.ts";
import { makePod } from "./testing/objects.ts";

const diagnosis = { nodes: 1, refusals: new Map(), plugins: new Set(["NodeAffinity"]) };

test("what is remembered of Pods that no node can take is bounded, however much they demand", () => {
  const memo = new RefusalMemo();
  const remember = (i: number) => {
    const value = Buffer.from(`${i}${"x".repeat(100_000)}`).toString("latin1");
    const pod = new PodInfo(makePod(`p${i}`, { spec: { nodeSelector: { a: value } } }));
    memo.put(pod, diagnosis, "refused");
    assert.equal(memo.get(pod)?.message, "refused");
  };
  remember(0);
  // 90 MB at once if they were counted alone.
  const held = retainedBy(() => {
    for (let i = 1; i <= 900; i++) remember(i);
  });
  assert.ok(held < 10 * 2 ** 20, `${held} bytes are held`);
});
