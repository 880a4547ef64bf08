import assert from "node:assert/strict";
import { test } from "node:test";
import { finish, finishGivingWay, giveWayFor, type Steps } from "./steps.ts";

function* counting(done: number[]): Steps<string> {
  for (let i = 0; i < 3; i++) {
    done.push(i);
    yield;
  }
  return "done";
}

test("steps that are finished in one go do all their work and give their result", () => {
  const done: number[] = [];
  assert.equal(finish(counting(done)), "done");
  assert.deepEqual(done, [0, 1, 2]);
});

test("steps that give way let others have a turn after each of them", async () => {
  const done: number[] = [];
  const seen: number[] = [];
  const giveWay = () => {
    seen.push(done.length);
    return Promise.resolve();
  };
  assert.equal(await finishGivingWay(counting(done), giveWay), "done");
  assert.deepEqual(seen, [1, 2, 3]);
});

test("only work on many bytes gives way", () => {
  assert.equal(giveWayFor(1_000), undefined);
  assert.notEqual(giveWayFor(1_000_000), undefined);
});
