import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatCounterexample, reportProperty } from "./counterexample.ts";

const failureOf = (run: () => unknown): Error & { cause?: unknown } => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  return assert.fail("the property held");
};

test("a short value stands on one line, in flow style", () => {
  const value = { name: "web-1", replicas: 3, labels: { app: "a b" }, ports: [], gone: undefined };
  assert.equal(formatCounterexample([value]), '{ name: web-1, replicas: 3, labels: { app: "a b" }, ports: [] }');
});

test("a sequence of operations that does not fit a line is a numbered list", () => {
  const steps = Array.from({ length: 10 }, (_, i) => ({ do: "create", name: `pod-${i}`, node: "n1" }));
  const lines = formatCounterexample([steps]).split("\n");
  assert.equal(lines.length, 10);
  assert.equal(lines[0], "1. { do: create, name: pod-0, node: n1 }");
  assert.equal(lines[9], "10. { do: create, name: pod-9, node: n1 }");
});

test("a large object is YAML, and a large item of a list hangs below its number", () => {
  const pod = {
    metadata: { name: "web", labels: { app: "web" }, annotations: { note: "x".repeat(40) } },
    spec: { containers: [{ name: "main", image: "nginx:1.27" }] },
  };
  const note = "x".repeat(40);
  assert.deepEqual(formatCounterexample([[{ observed: pod }, "wait"]]).split("\n"), [
    "1. observed:",
    "     metadata:",
    "       name: web",
    "       labels: { app: web }",
    `       annotations: { note: ${note} }`,
    '     spec: { containers: [{ name: main, image: "nginx:1.27" }] }',
    "2. wait",
  ]);
});

test("a list with one large item has its number below the field's name", () => {
  const item = { image: "a".repeat(100) };
  assert.equal(formatCounterexample([{ containers: [item] }]), `containers:\n  1. image: ${item.image}`);
});

test("several arguments stand each under its place", () => {
  assert.equal(formatCounterexample([["a", "b"], 3]), "argument 1: [a, b]\nargument 2: 3");
});

test("texts that YAML would read as something else are quoted, and what YAML lacks is shown as it is", () => {
  assert.equal(
    formatCounterexample([["", "true", "1", "a: b", "é\n", "ok/v1"]]),
    '["", "true", "1", "a: b", "é\\n", ok/v1]',
  );
  assert.equal(formatCounterexample([[-0, 2n, undefined, null, NaN]]), "[-0, 2n, undefined, null, Number.NaN]");
  assert.equal(formatCounterexample(['{"kind":"Pod"}']), `'{"kind":"Pod"}'`);
  assert.equal(formatCounterexample([`"it's"`]), JSON.stringify(`"it's"`));
  assert.equal(formatCounterexample([Uint8Array.of(1, 255)]), "2 bytes: 01 ff");
  assert.equal(formatCounterexample([new Map([["a", 1]])]), 'new Map([["a",1]])');
});

test("a value that says how it is shown is shown so", () => {
  const value = { [fc.toStringMethod]: () => "the pod web", hidden: "x".repeat(200) };
  assert.equal(formatCounterexample([[value]]), "[the pod web]");
});

test("a value that contains itself is shown to an end", () => {
  const value: Record<string, unknown> = { name: "a" };
  value["self"] = value;
  assert.equal(formatCounterexample([value]), "{ name: a, self: (contains itself) }");
});

test("any value that fast-check draws has a form", () => {
  fc.assert(
    fc.property(fc.anything({ withMap: true, withSet: true, withBigInt: true, withTypedArray: true }), (value) => {
      assert.ok(formatCounterexample([value]).length > 0);
    }),
  );
});

test("a failed property is thrown with its smallest case, how to run it alone, the reason and the cause", () => {
  const property = fc.property(fc.array(fc.record({ do: fc.constant("add"), amount: fc.nat(9) })), (steps) => {
    assert.ok(steps.length < 2, "two steps are too many");
  });
  const { message, cause } = failureOf(() => fc.assert(property, { seed: 7, reporter: reportProperty }));
  assert.match(message, /^Property failed after \d+ runs?, made smaller \d+ times\.\nTo run this case alone: /);
  assert.match(message, /\{ seed: 7, path: "[\d:]+" \}/);
  assert.match(message, /\n\n\[\{ do: add, amount: 0 \}, \{ do: add, amount: 0 \}\]\n\ntwo steps are too many$/);
  assert.equal((cause as Error).message, "two steps are too many");
  const path = /path: "([\d:]+)"/.exec(message)?.[1] ?? "";
  const again = failureOf(() => fc.assert(property, { seed: 7, path, reporter: reportProperty }));
  assert.match(again.message, /after 1 run, .*\n.*\n\n\[\{ do: add, amount: 0 \}, \{ do: add, amount: 0 \}\]/);
});

test("a failed asynchronous property is reported the same way", async () => {
  const property = fc.asyncProperty(fc.nat(), async (value) => assert.ok((await Promise.resolve(value)) < 5));
  const failed = fc.assert(property, { seed: 7, reporter: reportProperty });
  await assert.rejects(failed, { message: /^Property failed after [\s\S]*\n\n5\n\n/ });
});

test("a property that skips too many values, and one that holds, are reported as fast-check does", () => {
  const skipping = fc.property(fc.nat(), () => fc.pre(false));
  const { message } = failureOf(() => fc.assert(skipping, { reporter: reportProperty }));
  assert.match(message, /^Failed to run property, too many pre-condition failures/);
  fc.assert(
    fc.property(fc.nat(), (value) => value >= 0),
    { reporter: reportProperty },
  );
});

test("the test runner reports every property this way", () => {
  assert.equal(fc.readConfigureGlobal().reporter, reportProperty);
});
