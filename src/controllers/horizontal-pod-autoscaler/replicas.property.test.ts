import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { formatTime, type Pod } from "#objects";
import {
  Incomputable,
  replicasForAverage,
  replicasForUtilization,
  type PodReading,
  type PodsMetric,
} from "./replicas.ts";

const RUNS = { numRuns: 1000, seed: Number(process.env.SEED ?? 1) };
const NOW = Date.UTC(2026, 0, 1, 1);

/** What a pod is at the time: how it counts follows from that alone. */
const podState = fc.record({
  phase: fc.constantFrom("Running", "Running", "Running", "Running", "Pending", "Failed"),
  deleted: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  startedSecondsAgo: fc.constantFrom(20, 100, 290, 310, 3600),
  readySecondsAgo: fc.constantFrom(5, 15, 16, 60, 280, 285, 300, 3590),
  ready: fc.constantFrom("True", "True", "True", "False", undefined),
  request: fc.integer({ min: 1, max: 400 }),
  used: fc.option(fc.nat(800), { nil: undefined, freq: 5 }),
});
type PodState = typeof podState extends fc.Arbitrary<infer T> ? T : never;

const world = fc.record({
  current: fc.integer({ min: 1, max: 12 }),
  target: fc.integer({ min: 1, max: 250 }),
  cpu: fc.boolean(),
  tolerance: fc.constantFrom(0, 0.05, 0.1, 0.5),
  pods: fc.array(podState, { maxLength: 8 }),
});

function podOf(state: PodState, at: number): Pod {
  const at_ = (secondsAgo: number) => formatTime(NOW - secondsAgo * 1000);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `p${at}`, ...(state.deleted ? { deletionTimestamp: at_(1) } : {}) },
    spec: {
      containers: [{ name: "c", resources: { requests: { cpu: `${state.request}m`, memory: `${state.request}m` } } }],
    },
    status: {
      phase: state.phase,
      startTime: at_(state.startedSecondsAgo),
      ...(state.ready === undefined
        ? {}
        : {
            conditions: [{ type: "Ready", status: state.ready, lastTransitionTime: at_(state.readySecondsAgo) }],
          }),
    },
  };
}

const READING = { time: NOW, windowMs: 15_000 };

function metricOf({ current, cpu, tolerance, pods }: typeof world extends fc.Arbitrary<infer T> ? T : never) {
  const readings = new Map<string, PodReading>();
  for (const [at, { used }] of pods.entries()) {
    if (used !== undefined) readings.set(`p${at}`, { ...READING, milli: BigInt(used) });
  }
  return {
    currentReplicas: current,
    pods: pods.map(podOf),
    readings,
    tolerances: { down: tolerance, up: tolerance },
    resource: cpu ? "cpu" : "memory",
    now: NOW,
  } satisfies PodsMetric;
}

type Role = "ignored" | "unready" | "unknown" | "counted";

/** How upstream's rules put it, one by one. */
function roleOf(state: PodState, cpu: boolean): Role {
  if (state.deleted || state.phase === "Failed") return "ignored";
  if (state.phase === "Pending") return "unready";
  if (state.used === undefined) return "unknown";
  if (!cpu) return "counted";
  if (state.ready === undefined) return "unready";
  if (state.startedSecondsAgo < 300) {
    return state.ready === "True" && state.readySecondsAgo >= 15 ? "counted" : "unready";
  }
  const neverReady = state.ready === "False" && state.startedSecondsAgo - 30 < state.readySecondsAgo;
  return neverReady ? "unready" : "counted";
}

interface Entry {
  readonly role: Role;
  readonly used: number;
  readonly request: number;
}

/** The slow way: lists of who counts with what, and the ratio of sums. */
function oracle(
  entries: readonly Entry[],
  { current, target, tolerance }: { readonly current: number; readonly target: number; readonly tolerance: number },
  by: "utilization" | "average",
): number | undefined {
  const ratioOf = (list: readonly { readonly used: number; readonly request: number }[]) => {
    const used = list.reduce((sum, one) => sum + one.used, 0);
    const request = list.reduce((sum, one) => sum + one.request, 0);
    return by === "utilization" ? Math.floor((used * 100) / request) / target : Math.floor(used / list.length) / target;
  };
  const all = (role: Role) => entries.filter((one) => one.role === role);
  const counted = all("counted");
  if (counted.length === 0) return undefined;
  const close = (ratio: number) => 1 - tolerance <= ratio && ratio <= 1 + tolerance;
  const first = ratioOf(counted);
  const unknown = all("unknown").map(({ request }) => {
    const full = by === "utilization" ? Math.floor((request * Math.max(100, target)) / 100) : target;
    return { request, used: first < 1 ? full : 0 };
  });
  const starting = first > 1 ? all("unready").map(({ request }) => ({ request, used: 0 })) : [];
  if (unknown.length + starting.length === 0) return close(first) ? current : Math.ceil(first * counted.length);
  const considered = [...counted, ...(first === 1 ? [] : unknown), ...starting];
  const second = ratioOf(considered);
  if (close(second) || Math.sign(first - 1) * Math.sign(second - 1) < 0) return current;
  const wanted = Math.ceil(second * considered.length);
  return (second < 1 && wanted > current) || (second > 1 && wanted < current) ? current : wanted;
}

/** The answer, or undefined when there is none to give. */
function answer(compute: () => { readonly replicas: number }): number | undefined {
  try {
    return compute().replicas;
  } catch (error) {
    if (error instanceof Incomputable) return undefined;
    throw error;
  }
}

test("the number of pods is what the slow way of counting gives", () => {
  fc.assert(
    fc.property(world, (given) => {
      const metric = metricOf(given);
      const entries = given.pods.map((state) => ({
        role: roleOf(state, given.cpu),
        used: state.used ?? 0,
        request: state.request,
      }));
      assert.equal(
        answer(() => replicasForUtilization(metric, { percent: given.target, container: undefined })),
        oracle(entries, given, "utilization"),
      );
      assert.equal(
        answer(() => replicasForAverage(metric, BigInt(given.target))),
        oracle(entries, given, "average"),
      );
    }),
    RUNS,
  );
});

test("among ready pods, more use never asks for fewer", () => {
  const ready: PodState = {
    phase: "Running",
    deleted: false,
    startedSecondsAgo: 3600,
    readySecondsAgo: 3590,
    ready: "True",
    request: 100,
    used: 0,
  };
  const uses = fc.array(fc.nat(500), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(uses, fc.nat(5), fc.integer({ min: 1, max: 500 }), (used, which, more) => {
      const wanted = (amounts: readonly number[]) => {
        const pods = amounts.map((one) => ({ ...ready, used: one }));
        const of = { current: amounts.length, target: 50, cpu: true, tolerance: 0.1 as const, pods };
        return replicasForUtilization(metricOf(of), { percent: 50, container: undefined }).replicas;
      };
      const index = which % used.length;
      assert.ok(wanted(used.with(index, used[index]! + more)) >= wanted(used));
    }),
    RUNS,
  );
});
