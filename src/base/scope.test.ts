import assert from "node:assert/strict";
import { test } from "node:test";
import { createScope, ScopeClosed } from "./scope.ts";

test("a scope stops what was started, last first, once", async () => {
  const scope = createScope("s");
  const log: string[] = [];
  scope.defer(() => {
    log.push("first");
  });
  scope.defer(async () => {
    await Promise.resolve();
    log.push("second");
  });
  const forget = scope.defer(() => {
    log.push("forgotten");
  });
  forget();
  assert.equal(scope.signal.aborted, false);
  const closing = scope.close();
  assert.equal(scope.signal.aborted, true);
  assert.ok(scope.signal.reason instanceof ScopeClosed);
  await Promise.all([closing, scope.close()]);
  assert.deepEqual(log, ["second", "first"]);
});

test("what is deferred on a closed scope is stopped at once", async () => {
  const scope = createScope("s");
  await scope.close();
  let stopped = false;
  scope.defer(() => {
    stopped = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(stopped);
});

test("a scope goes on stopping after a failure, and reports all of them", async () => {
  const scope = createScope("s");
  let stopped = false;
  scope.defer(() => {
    stopped = true;
  });
  scope.defer(() => Promise.reject(new Error("one")));
  scope.defer(() => {
    throw new Error("two");
  });
  await assert.rejects(scope.close(), (error: AggregateError) => {
    assert.match(error.message, /stopping s failed/);
    assert.deepEqual(
      error.errors.map((each: Error) => each.message),
      ["two", "one"],
    );
    return true;
  });
  assert.equal(stopped, true);
});

test("a child is closed with its parent, or earlier by itself", async () => {
  const parent = createScope("p");
  const log: string[] = [];
  const early = parent.child("early");
  const late = parent.child("late");
  assert.equal(late.name, "p/late");
  early.defer(() => {
    log.push("early");
  });
  late.defer(() => {
    log.push("late");
  });
  await early.close();
  assert.deepEqual(log, ["early"]);
  assert.equal(parent.signal.aborted, false);
  await parent.close();
  assert.deepEqual(log, ["early", "late"]);
  assert.equal(late.signal.aborted, true);
});

test("closing waits for tasks, which end when the signal aborts", async () => {
  const scope = createScope("s");
  let ended = false;
  scope.run("task", async (signal) => {
    await new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    }).finally(() => {
      ended = true;
    });
  });
  await scope.close();
  assert.equal(ended, true);
});

test("a task's failure goes to its handler", async () => {
  await using scope = createScope("s");
  const error = await new Promise((resolve) => {
    scope.run("task", () => Promise.reject(new Error("broken")), resolve);
  });
  assert.match(String(error), /broken/);
});
