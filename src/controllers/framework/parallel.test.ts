import { strict as assert } from "node:assert";
import { test } from "node:test";
import { allOf, slowStart } from "./parallel.ts";

test("slow start doubles its batches and stops after the first that fails", async () => {
  let inFlight = 0;
  const peaks: number[] = [];
  const run = (failAt: number) => {
    peaks.length = 0;
    return slowStart(
      Array.from({ length: 30 }, (_, at) => at),
      async (at) => {
        peaks.push(++inFlight);
        await Promise.resolve();
        inFlight--;
        if (at === failAt) throw new Error(`no ${at}`);
      },
    );
  };
  const ok = await run(-1);
  assert.equal(ok.succeeded, 30);
  assert.equal(Math.max(...peaks.slice(0, 1)), 1);
  assert.equal(Math.max(...peaks.slice(1, 3)), 2);
  assert.equal(Math.max(...peaks.slice(3, 7)), 4);
  const failed = await run(4);
  assert.equal(peaks.length, 7, "the batches of 1, 2 and 4 are tried, nothing after them");
  assert.equal(failed.succeeded, 6);
  assert.match(String(failed.failure?.error), /no 4/);
});

test("all of many tasks run, a bounded number at once, whatever fails", async () => {
  let inFlight = 0;
  let peak = 0;
  let done = 0;
  const failure = await allOf(
    Array.from({ length: 500 }, (_, at) => at),
    async (at) => {
      peak = Math.max(peak, ++inFlight);
      await Promise.resolve();
      inFlight--;
      done++;
      if (at % 100 === 7) throw new Error(`no ${at}`);
    },
  );
  assert.equal(done, 500);
  assert.ok(peak <= 64, `${peak} at once`);
  assert.match(String(failure?.error), /no 7$/);
});
