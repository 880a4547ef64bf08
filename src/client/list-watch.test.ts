import { strict as assert } from "node:assert";
import { test } from "node:test";
import { expired, StatusError, type KubeObject } from "#objects";
import { step, type Effect, type Event, type State, type Step } from "./list-watch.ts";

const object = (name: string, resourceVersion: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", resourceVersion },
});

/** Runs events through the machine; returns the last state and every effect. */
function run(...events: Event[]): { state: State; effects: Effect[] } {
  let state: State = { phase: "idle" };
  const effects: Effect[] = [];
  for (const event of events) {
    const next: Step<KubeObject> = step(state, event);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

const listed = (resourceVersion: string, items: KubeObject[] = [], next?: string): Event => ({
  type: "listed",
  list: { resourceVersion, items, ...(next ? { continue: next } : {}) },
});

test("lists from any server's cache, then watches from the list's version", () => {
  const { state, effects } = run({ type: "start" }, listed("7", [object("a", "3")]));
  assert.deepEqual(effects, [
    { type: "list", from: { resourceVersion: "0" }, limit: 500 },
    { type: "replace", objects: [object("a", "3")], resourceVersion: "7" },
    { type: "watch", resourceVersion: "7" },
  ]);
  assert.deepEqual(state, { phase: "watching", resourceVersion: "7", failures: 0 });
});

test("collects the pages of a list before it replaces anything", () => {
  const { effects } = run({ type: "start" }, listed("7", [object("a", "3")], "next"), listed("7", [object("b", "4")]));
  assert.deepEqual(effects.at(1), { type: "list", from: { resourceVersion: "0", continue: "next" }, limit: 500 });
  assert.deepEqual(effects.at(2), {
    type: "replace",
    objects: [object("a", "3"), object("b", "4")],
    resourceVersion: "7",
  });
});

test("a continue token that expired starts the list over at the newest version", () => {
  const { effects } = run({ type: "start" }, listed("7", [object("a", "3")], "next"), {
    type: "list-failed",
    error: expired("too old"),
  });
  assert.deepEqual(effects.at(-1), { type: "list", from: { resourceVersion: "" }, limit: 500 });
});

test("resumes a watch where events and bookmarks have brought it", () => {
  const { effects } = run(
    { type: "start" },
    listed("7"),
    { type: "received", events: [{ type: "ADDED", object: object("a", "9") }] },
    { type: "received", events: [{ type: "BOOKMARK", resourceVersion: "12", initialEventsEnd: false }] },
    { type: "watch-ended", lastedMs: 300_000, silent: false },
  );
  assert.deepEqual(effects.at(-1), { type: "watch", resourceVersion: "12" });
});

test("410 on a watch lists anew, not older than what was seen", () => {
  const { effects } = run({ type: "start" }, listed("7"), { type: "watch-failed", error: expired("too old") });
  assert.deepEqual(effects.at(-1), { type: "list", from: { resourceVersion: "7" }, limit: 500 });
});

test("a server that lags behind is asked for its newest version", () => {
  const tooLarge = new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    reason: "Timeout",
    code: 504,
    details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] },
  });
  const { effects } = run(
    { type: "start" },
    listed("7"),
    { type: "watch-failed", error: expired("too old") },
    { type: "list-failed", error: tooLarge },
  );
  assert.deepEqual(effects.at(-1), { type: "list", from: { resourceVersion: "" }, limit: 500 });
});

test("backs off longer and longer while the server is away, and forgets it after success", () => {
  const failed: Event = { type: "list-failed", error: new Error("connection refused") };
  const waits = (events: Event[]) =>
    run(...events).effects.flatMap((effect) => (effect.type === "wait" ? [effect.ms] : []));
  const failures = Array.from({ length: 8 }, (): Event[] => [failed, { type: "timer" }]).flat();
  assert.deepEqual(waits([{ type: "start" }, ...failures]), [800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
  assert.deepEqual(
    waits([{ type: "start" }, ...failures, listed("7"), { type: "watch-failed", error: new Error("reset") }]).at(-1),
    800,
  );
});

test("a watch that ends at once without an event is not repeated in a circle", () => {
  const { state, effects } = run({ type: "start" }, listed("7"), { type: "watch-ended", lastedMs: 3, silent: true });
  assert.equal(state.phase, "backing-off");
  assert.deepEqual(effects.at(-1), { type: "wait", ms: 800 });
});

test("late answers change nothing after it was stopped", () => {
  const { state, effects } = run({ type: "start" }, { type: "stop" }, listed("7"), { type: "timer" });
  assert.equal(state.phase, "stopped");
  assert.equal(effects.length, 1);
});
