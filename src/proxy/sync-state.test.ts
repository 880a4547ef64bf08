import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SyncState } from "./sync-state.ts";

/** A state whose first transaction has been carried out at 0. */
function synced(): SyncState {
  const state = new SyncState(20, 0);
  state.syncing(0);
  state.synced(false, 0);
  return state;
}

describe("what nft has yet to be told", () => {
  test("is everything at first, at once", () => {
    const state = new SyncState(20, 5);
    assert.deepEqual([state.whole, state.nextAt, state.jobAt(5)], [true, 5, "sync"]);
  });

  test("is nothing until something is touched, but for a look after two seconds", () => {
    const state = synced();
    assert.deepEqual(
      [state.upToDate, state.nextAt, state.jobAt(1999), state.jobAt(2000)],
      [true, 2000, undefined, "check"],
    );
    state.touch("a");
    assert.deepEqual([state.upToDate, state.whole, state.nextAt], [false, false, 20]);
    assert.deepEqual([state.jobAt(19), state.jobAt(20)], [undefined, "sync"]);
    assert.deepEqual(state.takeTouched(), ["a"]);
    assert.equal(state.upToDate, true);
  });

  test("is everything after a failure, later each time up to half a minute, until nft takes it", () => {
    const state = synced();
    const delays = Array.from({ length: 8 }, () => state.syncFailed(1000));
    assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    assert.deepEqual([state.whole, state.healthy, state.nextAt], [true, false, 31_000]);
    assert.equal(state.jobAt(30_999), undefined);
    state.synced(false, 40_000);
    assert.deepEqual([state.whole, state.healthy], [false, true]);
    assert.equal(state.syncFailed(50_000), 500);
  });

  test("has chains that nothing leads to removed a second and a half after the first of them", () => {
    const state = synced();
    state.synced(true, 100);
    state.synced(true, 900);
    assert.deepEqual([state.jobAt(1599), state.jobAt(1600)], [undefined, "drop-stale"]);
    state.dropping();
    assert.equal(state.jobAt(1600), undefined);
    state.dropFailed();
    assert.deepEqual([state.whole, state.jobAt(1600)], [true, "sync"]);
  });

  test("drops them with everything else when everything is told anew", () => {
    const state = synced();
    state.synced(true, 100);
    state.dropFailed();
    assert.equal(state.jobAt(1700), "sync");
    state.synced(false, 1700);
    assert.equal(state.jobAt(1999), undefined);
  });

  test("is everything once a look finds the tables gone", () => {
    const state = synced();
    state.checked(true, 2000);
    assert.deepEqual([state.whole, state.nextAt], [false, 4000]);
    state.checked(false, 4000);
    assert.deepEqual([state.whole, state.jobAt(4000)], [true, "sync"]);
  });
});
