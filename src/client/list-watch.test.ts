import { strict as assert } from "node:assert";
import { test } from "node:test";
import { expired, invalidObject, StatusError, type KubeObject } from "#objects";
import type { WatchEvent } from "./port.ts";
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

const bookmark = (resourceVersion: string, initialEventsEnd: boolean): WatchEvent => ({
  type: "BOOKMARK",
  resourceVersion,
  initialEventsEnd,
});
const told = (type: "ADDED" | "MODIFIED" | "DELETED", name: string, resourceVersion: string): WatchEvent => ({
  type,
  object: object(name, resourceVersion),
});

/** The server does not stream lists. */
const refused: Event = { type: "watch-failed", error: invalidObject("meta.k8s.io", "ListOptions", "", []) };
const start: readonly Event[] = [{ type: "start" }, refused];

test("a streamed list replaces what is known once it is complete, with what changed meanwhile", () => {
  const { state, effects } = run(
    { type: "start" },
    { type: "received", events: [told("ADDED", "a", "3"), told("ADDED", "b", "4")] },
    { type: "received", events: [told("ADDED", "c", "5"), told("MODIFIED", "a", "8"), told("DELETED", "b", "9")] },
    { type: "received", events: [bookmark("9", true), told("MODIFIED", "c", "10")] },
  );
  assert.deepEqual(effects, [
    { type: "stream", resourceVersion: "" },
    { type: "replace", objects: [object("a", "8"), object("c", "5")], resourceVersion: "9" },
    { type: "apply", events: [told("MODIFIED", "c", "10")] },
  ]);
  assert.deepEqual(state, { phase: "watching", resourceVersion: "10", failures: 0 });
});

test("a streamed list that breaks off is begun again, and shows nothing of what came", () => {
  const { state, effects } = run(
    { type: "start" },
    { type: "received", events: [told("ADDED", "a", "3")] },
    { type: "watch-ended", lastedMs: 5000, silent: false },
    { type: "timer" },
  );
  assert.deepEqual(effects.slice(1), [
    { type: "wait", ms: 800 },
    { type: "stream", resourceVersion: "" },
  ]);
  assert.deepEqual(state, { phase: "streaming", at: "", received: undefined, failures: 1 });
});

test("a server that does not stream lists from any server's cache, then watches from the list's version", () => {
  const { state, effects } = run(...start, listed("7", [object("a", "3")]));
  assert.deepEqual(effects.slice(1), [
    { type: "list", from: { resourceVersion: "0" }, limit: 500 },
    { type: "replace", objects: [object("a", "3")], resourceVersion: "7" },
    { type: "watch", resourceVersion: "7" },
  ]);
  assert.deepEqual(state, { phase: "watching", resourceVersion: "7", failures: 0 });
});

test("the pages of a list are collected before they replace anything", () => {
  const { effects } = run(...start, listed("7", [object("a", "3")], "next"), listed("7", [object("b", "4")]));
  assert.deepEqual(effects.at(2), { type: "list", from: { resourceVersion: "0", continue: "next" }, limit: 500 });
  assert.deepEqual(effects.at(3), {
    type: "replace",
    objects: [object("a", "3"), object("b", "4")],
    resourceVersion: "7",
  });
});

test("a continue token that expired starts the list over at the newest version", () => {
  const { effects } = run(...start, listed("7", [object("a", "3")], "next"), {
    type: "list-failed",
    error: expired("too old"),
  });
  assert.deepEqual(effects.at(-1), { type: "list", from: { resourceVersion: "" }, limit: 500 });
});

test("a watch is resumed where events and bookmarks have brought it", () => {
  const { effects } = run(
    ...start,
    listed("7"),
    { type: "received", events: [{ type: "ADDED", object: object("a", "9") }] },
    { type: "received", events: [{ type: "BOOKMARK", resourceVersion: "12", initialEventsEnd: false }] },
    { type: "watch-ended", lastedMs: 300_000, silent: false },
  );
  assert.deepEqual(effects.at(-1), { type: "watch", resourceVersion: "12" });
});

test("410 on a watch begins anew, not older than what was seen", () => {
  const { effects } = run(...start, listed("7"), { type: "watch-failed", error: expired("too old") });
  assert.deepEqual(effects.at(-1), { type: "stream", resourceVersion: "7" });
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
    ...start,
    listed("7"),
    { type: "watch-failed", error: expired("too old") },
    { type: "watch-failed", error: tooLarge },
  );
  assert.deepEqual(effects.at(-1), { type: "stream", resourceVersion: "" });
});

test("the wait grows while the server is away, and is forgotten after success", () => {
  const failed: Event = { type: "list-failed", error: new Error("connection refused") };
  const waits = (events: Event[]) =>
    run(...events).effects.flatMap((effect) => (effect.type === "wait" ? [effect.ms] : []));
  const failures = Array.from({ length: 8 }, (): Event[] => [failed, { type: "timer" }]).flat();
  assert.deepEqual(waits([...start, ...failures]), [800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
  assert.deepEqual(
    waits([...start, ...failures, listed("7"), { type: "watch-failed", error: new Error("reset") }]).at(-1),
    800,
  );
});

test("a watch that ends at once without an event is not repeated in a circle", () => {
  const { state, effects } = run(...start, listed("7"), { type: "watch-ended", lastedMs: 3, silent: true });
  assert.equal(state.phase, "backing-off");
  assert.deepEqual(effects.at(-1), { type: "wait", ms: 800 });
});

test("late answers change nothing after it was stopped", () => {
  const { state, effects } = run({ type: "start" }, { type: "stop" }, listed("7"), { type: "timer" });
  assert.equal(state.phase, "stopped");
  assert.equal(effects.length, 1);
});
