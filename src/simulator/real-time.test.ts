import assert from "node:assert/strict";
import { createHook } from "node:async_hooks";
import { test } from "node:test";
import { simulate } from "./simulate.ts";

/** What a run may wait for: none of these depends on how fast the machine is. */
const TIMELESS = new Set(["PROMISE", "Immediate", "Microtask", "TickObject"]);
const OURS = /\/src\/(?!simulator\/real-time\.test)/;

/** The frames of the project that led to here, innermost first. */
const callers = () => (new Error().stack ?? "").split("\n").filter((line) => OURS.test(line));

test("a run asks for neither the machine's time nor its chance, and waits for nothing that takes real time", async ({
  mock,
}) => {
  const found: string[] = [];
  const { stackTraceLimit } = Error;
  // Node's own frames, of its cryptography say, come before the project's.
  Error.stackTraceLimit = 50;
  const note = (what: string) => {
    const [caller] = callers();
    if (caller !== undefined) found.push(`${what}${caller}`);
  };
  const watch = <T extends object>(on: T, name: keyof T & string) => {
    const real = (on[name] as (...args: unknown[]) => unknown).bind(on);
    mock.method(
      on,
      name as never,
      ((...args: unknown[]) => {
        note(name);
        return real(...args);
      }) as never,
    );
  };
  watch(Date, "now");
  watch(performance, "now");
  watch(Math, "random");
  watch(crypto, "randomUUID");
  watch(crypto, "getRandomValues");
  const hook = createHook({
    init(_, type) {
      if (!TIMELESS.has(type)) note(type);
    },
  }).enable();
  try {
    for (const seed of [9, 5]) assert.ok((await simulate({ seed, seconds: 30 })).commits > 50);
  } finally {
    hook.disable();
    Error.stackTraceLimit = stackTraceLimit;
  }
  assert.deepEqual([...new Set(found)], []);
});
