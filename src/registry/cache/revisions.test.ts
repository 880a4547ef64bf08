import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "#base";
import { createRegistryWorld } from "../testing/world.ts";
import { Revisions } from "./revisions.ts";

test("a caller that waits for a revision resumes with it, with a later one, or at the timeout", async () => {
  const clock = createVirtualClock();
  const revisions = new Revisions(3);
  const seen: string[] = [];
  void revisions.reached(5).then(() => seen.push("5"));
  void revisions.reachedWithin(6, 100, clock).then((found) => seen.push(`6 ${found}`));
  void revisions.reachedWithin(9, 100, clock).then((found) => seen.push(`9 ${found}`));
  revisions.advance(4);
  await clock.advance(50);
  assert.deepEqual(seen, []);
  revisions.advance(7);
  await clock.advance(49);
  assert.deepEqual(seen, ["5", "6 true"]);
  await clock.advance(1);
  assert.deepEqual(seen, ["5", "6 true", "9 false"]);
  assert.equal(await revisions.reachedWithin(7, 0, clock), true);
});

test("after the last revision no caller waits any longer, and no timer is left", async () => {
  const clock = createVirtualClock();
  const revisions = new Revisions(1);
  const waiting = Promise.all([revisions.reached(2), revisions.reachedWithin(2, 1000, clock)]);
  revisions.close();
  assert.deepEqual(await waiting, [undefined, false]);
  assert.deepEqual(await Promise.all([revisions.reached(2), revisions.reachedWithin(2, 1000, clock)]), [
    undefined,
    false,
  ]);
  assert.equal(clock.pending, 0);
});

test("a closed registry keeps no caller waiting for what is not written yet", async () => {
  const f = await createRegistryWorld();
  const list = f.widgets.list({ resourceVersion: "1000" }).catch((error: unknown) => error);
  await f.clock.advance(0);
  await f.registry.close();
  assert.match(String(await list), /Too large resource version|resource version/);
  assert.equal(f.clock.pending, 0);
});
