import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate } from "#simulator";
import { lmdbDisk } from "./lmdb-disk.ts";

const SEEDS = [1, 2, 3, 5, 6];
const DIES = "the process of the store and the API servers dies";

test("over LMDB a run is the same as over memory, to the commit, and loses nothing when the store's process dies", async () => {
  let deaths = 0;
  for (const seed of SEEDS) {
    const durable = await simulate({ seed, seconds: 30, disk: lmdbDisk });
    assert.deepEqual(durable.problems, [], `seed ${seed}:\n${durable.transcript.join("\n")}`);
    deaths += durable.transcript.filter((line) => line.includes(DIES)).length;
    const memory = await simulate({ seed, seconds: 30 });
    assert.deepEqual(durable.transcript, memory.transcript);
  }
  assert.ok(deaths > 0, "the store's process died at least once");
});
