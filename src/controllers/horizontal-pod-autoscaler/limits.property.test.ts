import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import type { V2HorizontalPodAutoscalerBehavior, V2HPAScalingRules } from "#objects";
import { limitWish, withScaleEvent, type Memory } from "./limits.ts";

const RUNS = { numRuns: 500, seed: Number(process.env.SEED ?? 1) };

const policy = fc.record({
  type: fc.constantFrom("Pods", "Percent"),
  value: fc.integer({ min: 1, max: 150 }),
  periodSeconds: fc.constantFrom(15, 30, 60, 120),
});
const rules: fc.Arbitrary<V2HPAScalingRules> = fc.record({
  stabilizationWindowSeconds: fc.constantFrom(0, 10, 30, 60),
  selectPolicy: fc.constantFrom("Max", "Min", "Disabled"),
  policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
});
const behavior = fc.option(fc.record({ scaleUp: rules, scaleDown: rules }), { nil: undefined });
/** One look: how long after the one before, and what the metrics ask for. */
const look = fc.record({ afterSeconds: fc.integer({ min: 1, max: 45 }), desired: fc.nat(40) });
const world = fc.record({
  start: fc.integer({ min: 1, max: 12 }),
  min: fc.integer({ min: 1, max: 3 }),
  max: fc.integer({ min: 4, max: 30 }),
  behavior,
  looks: fc.array(look, { minLength: 1, maxLength: 40, size: "max" }),
});

/** Everything that ever was, in order: nothing is forgotten. */
interface Log {
  readonly wishes: { readonly time: number; readonly replicas: number }[];
  readonly sizes: { readonly time: number; readonly replicas: number }[];
}

/**
 * The same decision from the whole past, second by second: what was wished within the windows, and how many pods there
 * were when each period began.
 */
function oracle(
  log: Log,
  at: { readonly current: number; readonly desired: number; readonly min: number; readonly max: number },
  behavior: V2HorizontalPodAutoscalerBehavior | undefined,
  now: number,
): number {
  const { current, desired, min, max } = at;
  const age = (time: number) => (now - time) / 1000;
  if (!behavior) {
    const wishes = log.wishes.filter(({ time }) => age(time) <= 300).map(({ replicas }) => replicas);
    const stable = Math.max(desired, ...wishes);
    return Math.max(min, Math.min(stable, max, Math.max(4, 2 * current)));
  }
  const within = (seconds: number) =>
    log.wishes.filter(({ time }) => age(time) < seconds).map(({ replicas }) => replicas);
  const { scaleUp, scaleDown } = behavior;
  const lowest = Math.min(desired, ...within(scaleUp!.stabilizationWindowSeconds!));
  const highest = Math.max(desired, ...within(scaleDown!.stabilizationWindowSeconds!));
  const stable = current < lowest ? lowest : current > highest ? highest : current;
  const sizeAt = (seconds: number) =>
    log.sizes.findLast(({ time }) => age(time) >= seconds)?.replicas ?? log.sizes[0]!.replicas;
  const bounds = (one: V2HPAScalingRules, sign: 1 | -1) =>
    one.policies!.map(({ type, value, periodSeconds }) => {
      const before = sizeAt(periodSeconds);
      if (type === "Pods") return before + sign * value;
      return sign > 0 ? Math.ceil(before * (1 + value / 100)) : Math.trunc(before * (1 - value / 100));
    });
  if (stable > current) {
    if (scaleUp!.selectPolicy === "Disabled") return current;
    const limits = bounds(scaleUp!, 1).sort((a, b) => a - b);
    const limit = scaleUp!.selectPolicy === "Min" ? limits[0]! : limits.at(-1)!;
    return Math.min(stable, max, Math.max(current, limit));
  }
  if (stable < current) {
    if (scaleDown!.selectPolicy === "Disabled") return Math.max(current, min);
    const limits = bounds(scaleDown!, -1).sort((a, b) => a - b);
    const limit = scaleDown!.selectPolicy === "Min" ? limits.at(-1)! : limits[0]!;
    return Math.max(stable, min, Math.min(current, limit));
  }
  return stable;
}

test("what is remembered is enough: it decides as one who remembers everything", () => {
  fc.assert(
    fc.property(world, ({ start, min, max, behavior: wanted, looks }) => {
      let now = Date.UTC(2026, 0, 1);
      let current = Math.min(max, Math.max(min, start));
      let memory: Memory = { recommendations: [{ replicas: current, time: now }], scaleUps: [], scaleDowns: [] };
      const log: Log = { wishes: [{ time: now, replicas: current }], sizes: [{ time: 0, replicas: current }] };
      for (const { afterSeconds, desired } of looks) {
        now += afterSeconds * 1000;
        const expected = oracle(log, { current, desired, min, max }, wanted, now);
        const limited = limitWish({ current, desired, min, max, behavior: wanted, memory, now });
        assert.equal(limited.replicas, expected);
        assert.ok(limited.replicas >= min && limited.replicas <= max);
        memory = { ...memory, recommendations: limited.recommendations };
        log.wishes.push({ time: now, replicas: desired });
        if (expected !== current) {
          memory = withScaleEvent(memory, { from: current, to: expected }, wanted, now);
          log.sizes.push({ time: now, replicas: expected });
          current = expected;
        }
      }
    }),
    RUNS,
  );
});

test("what is remembered does not grow with time", () => {
  fc.assert(
    fc.property(behavior, (wanted) => {
      let memory: Memory = { recommendations: [], scaleUps: [], scaleDowns: [] };
      for (let turn = 0; turn < 200; turn++) {
        const now = turn * 15_000;
        const desired = turn % 2 === 0 ? 9 : 1;
        const { recommendations } = limitWish({ current: 5, desired, min: 1, max: 9, behavior: wanted, memory, now });
        memory = withScaleEvent({ ...memory, recommendations }, { from: 5, to: desired }, wanted, now);
      }
      const { recommendations, scaleUps, scaleDowns } = memory;
      assert.ok(recommendations.length <= 22 && scaleUps.length <= 10 && scaleDowns.length <= 10);
    }),
    RUNS,
  );
});

test("of several policies the one that allows most decides: twenty idle pods go four a minute (kubernetes#97473)", () => {
  const policies = [
    { type: "Percent", value: 10, periodSeconds: 60 },
    { type: "Pods", value: 4, periodSeconds: 60 },
  ];
  const rules = { stabilizationWindowSeconds: 0, selectPolicy: "Max", policies };
  const wanted = { scaleUp: rules, scaleDown: rules };
  let current = 20;
  let memory: Memory = { recommendations: [], scaleUps: [], scaleDowns: [] };
  const sizes: number[] = [];
  for (let now = 0; now <= 240_000; now += 15_000) {
    const limited = limitWish({ current, desired: 0, min: 2, max: 20, behavior: wanted, memory, now });
    memory = { ...memory, recommendations: limited.recommendations };
    if (limited.replicas === current) continue;
    sizes.push(now / 1000, limited.replicas);
    memory = withScaleEvent(memory, { from: current, to: limited.replicas }, wanted, now);
    current = limited.replicas;
  }
  assert.deepEqual(sizes, [0, 16, 60, 12, 120, 8, 180, 4, 240, 2]);
});
