import assert from "node:assert/strict";
import { test } from "node:test";
import { paint } from "./text.ts";
import { trafficView, type Seen } from "./traffic.ts";

const seen = (bodies: Readonly<Record<string, number>>, failures = 0): Seen => ({
  sent: Object.values(bodies).reduce((sum, count) => sum + count, 0) + failures,
  failed: Array.from({ length: failures }, () => ({ why: "ECONNREFUSED" })),
  bodies: new Map(Object.entries(bodies)),
  longestOutageMs: 0,
});

/** A view whose time and traffic the test makes. */
function world() {
  const state = { at: 0, seen: seen({}) };
  const view = trafficView({ soFar: () => state.seen }, () => state.at);
  const line = () => paint(view.line(), Infinity, false).trim();
  return { state, view, line };
}

test("figures are those of the last second, sums those of all", () => {
  const { state, view, line } = world();
  assert.equal(line(), "clients 0/s  no answer yet  failed: 0  no answer");
  Object.assign(state, { at: 1_000, seen: seen({ "1.29\n": 100 }) });
  assert.equal(line(), "clients 100/s  100 by 1.29  failed: 0");
  Object.assign(state, { at: 2_000, seen: seen({ "1.29\n": 100, "2.4\n": 50 }) });
  assert.equal(line(), "clients 50/s  100 by 1.29, 50 by 2.4  failed: 0");
  assert.equal(view.total(), "150 requests, 75/s: 100 by 1.29, 50 by 2.4, failed: 0");
});

test("the gist tells who answers now, however often", () => {
  const { state, view } = world();
  assert.equal(view.gist(), "answered by no Pod");
  Object.assign(state, { at: 500, seen: seen({ "1.29\n": 10 }) });
  assert.equal(view.gist(), "answered by 1.29");
  Object.assign(state, { at: 1_000, seen: seen({ "2.4\n": 5, "1.29\n": 12 }) });
  assert.equal(view.gist(), "answered by 1.29 and 2.4");
  Object.assign(state, { at: 2_000, seen: seen({ "2.4\n": 9, "1.29\n": 12 }) });
  assert.equal(view.gist(), "answered by 2.4");
});

test("an outage shows, and its failures are counted", () => {
  const { state, view, line } = world();
  Object.assign(state, { at: 1_000, seen: seen({ "1.29\n": 10 }) });
  view.line();
  Object.assign(state, { at: 2_100, seen: seen({ "1.29\n": 10 }, 3) });
  assert.match(line(), /10 by 1\.29 {2}failed: 3 {2}no answer$/);
  assert.equal(view.gist(), "answered by no Pod");
});
