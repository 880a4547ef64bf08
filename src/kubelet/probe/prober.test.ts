import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createVirtualClock, sleep } from "#base";
import type { ProbeOutcome } from "../runtime.ts";
import { startProber, stepProbe, type ProbeKind, type ProbeState } from "./prober.ts";

test("the verdict turns after so many equal outcomes in a row, and only then", () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean()),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (outcomes, successThreshold, failureThreshold) => {
        let state: ProbeState = { inARow: 0, last: undefined, verdict: undefined };
        for (const [i, success] of outcomes.entries()) {
          const before = state.verdict;
          state = stepProbe(state, { successThreshold, failureThreshold }, success);
          const needed = success ? successThreshold : failureThreshold;
          const recent = outcomes.slice(Math.max(0, i + 1 - needed), i + 1);
          const turned = recent.length === needed && recent.every((outcome) => outcome === success);
          assert.equal(state.verdict, turned ? success : before);
        }
      },
    ),
  );
});

/** Probes by a script of outcomes, one letter each; tells when it asked and what it said, in seconds. */
async function probe(
  kind: ProbeKind,
  script: string,
  settings: { readonly firstAt?: number; readonly steadyUntil?: number; readonly takesMs?: number } = {},
) {
  const clock = createVirtualClock(0);
  const told: string[] = [];
  let asked = 0;
  const outcomes: Readonly<Record<string, ProbeOutcome>> = {
    y: { result: "success", ...(settings.steadyUntil === undefined ? {} : { steadyUntil: settings.steadyUntil }) },
    n: { result: "failure", message: "no" },
    w: { result: "success", message: "hm" },
    "?": { result: "unknown", message: "eh" },
  };
  const prober = startProber({
    kind,
    probe: { periodSeconds: 5, failureThreshold: 2, successThreshold: 1 },
    clock,
    firstAt: settings.firstAt ?? 0,
    verdict: kind === "liveness" ? true : kind === "readiness" ? false : undefined,
    async ask() {
      const outcome = outcomes[script[asked++] ?? "?"]!;
      told.push(`${clock.now() / 1000} ${outcome.result}`);
      if (settings.takesMs) await sleep(clock, settings.takesMs);
      if (outcome.message === "eh") throw new Error("eh");
      return outcome;
    },
    onVerdict: (healthy) => told.push(`${clock.now() / 1000} → ${healthy}`),
    onTold: ({ result, message }) => told.push(`${clock.now() / 1000} ! ${result} ${message}`),
  });
  for (let i = 0; i < 60 && asked < script.length; i++) await clock.advance(1000);
  await clock.advance(20_000);
  const left = clock.pending;
  prober.stop();
  return {
    told: told.filter((line) => !line.endsWith("unknown") || asked <= script.length),
    left,
    pending: clock.pending,
  };
}

test("readiness goes on, comes and goes", async () => {
  const { told, pending } = await probe("readiness", "nynny");
  assert.deepEqual(told.slice(0, 10), [
    "0 failure",
    "0 ! failure no",
    "5 success",
    "5 → true",
    "10 failure",
    "10 ! failure no",
    "15 failure",
    "15 ! failure no",
    "15 → false",
    "20 success",
  ]);
  assert.equal(pending, 0, "nothing is left once it is stopped");
});

test("a startup probe ends when it passes, a liveness probe when it fails", async () => {
  const startup = await probe("startup", "nyn", { firstAt: 3000 });
  assert.deepEqual(startup.told, ["3 failure", "3 ! failure no", "8 success", "8 → true"]);
  assert.equal(startup.left, 0);
  const liveness = await probe("liveness", "ynnn");
  assert.deepEqual(liveness.told, [
    "0 success",
    "5 failure",
    "5 ! failure no",
    "10 failure",
    "10 ! failure no",
    "10 → false",
  ]);
  assert.equal(liveness.left, 0);
  const failed = await probe("startup", "nnn");
  assert.deepEqual(failed.told, ["0 failure", "0 ! failure no", "5 failure", "5 ! failure no", "5 → false"]);
});

test("a probe that does not work counts for nothing", async () => {
  const { told } = await probe("liveness", "n?n");
  assert.deepEqual(told.filter((line) => line.includes("→") || line.includes("!")).slice(0, 4), [
    "0 ! failure no",
    "5 ! unknown eh",
    "10 ! failure no",
    "10 → false",
  ]);
});

test("no probe runs while its result cannot change", async () => {
  const { told, left } = await probe("readiness", "y", { steadyUntil: Infinity });
  assert.deepEqual(told, ["0 success", "0 → true"]);
  assert.equal(left, 0);
});

test("a success may warn", async () => {
  const { told } = await probe("startup", "w");
  assert.deepEqual(told, ["0 success", "0 ! success hm", "0 → true"]);
});

test("how long it takes does not put it out of step; when it is late it comes at once", async () => {
  const asked = async (takesMs: number) => {
    const { told } = await probe("readiness", "yyyy", { firstAt: 1000, takesMs });
    return told.filter((line) => line.endsWith("success")).slice(0, 4);
  };
  assert.deepEqual(await asked(2000), ["1 success", "6 success", "11 success", "16 success"]);
  assert.deepEqual(await asked(7000), ["1 success", "8 success", "15 success", "22 success"]);
  assert.deepEqual(await asked(12_000), ["1 success", "13 success", "25 success", "37 success"]);
});
