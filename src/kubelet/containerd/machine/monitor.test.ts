import assert from "node:assert/strict";
import { test } from "node:test";
import { createScope, createVirtualClock, silentLog } from "#base";
import { startNodeMonitor } from "./monitor.ts";
import { describeShortage, shortages } from "./pressure.ts";
import { runtimeProblems, stepRuntime, UNKNOWN_RUNTIME, type RuntimeCondition } from "./runtime-state.ts";
import { DEFAULT_THRESHOLDS, type Amount, type Signal } from "./thresholds.ts";

const GI = 1024 ** 3;
const READY: readonly RuntimeCondition[] = [
  { type: "RuntimeReady", status: true, reason: "", message: "" },
  { type: "NetworkReady", status: true, reason: "", message: "" },
];
const NO_NETWORK: readonly RuntimeCondition[] = [
  { type: "RuntimeReady", status: true, reason: "", message: "" },
  {
    type: "NetworkReady",
    status: false,
    reason: "NetworkPluginNotReady",
    message: "Network plugin returns error: cni plugin not initialized",
  },
];
const NO_NETWORK_TEXT =
  "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";

const machine = (left: Partial<Record<Signal, number>> = {}) =>
  new Map<Signal, Amount>([
    ["memory.available", { available: left["memory.available"] ?? GI, capacity: 8 * GI }],
    ["nodefs.available", { available: left["nodefs.available"] ?? 50, capacity: 100 }],
    ["imagefs.available", { available: left["imagefs.available"] ?? 50, capacity: 100 }],
    ["nodefs.inodesFree", { available: left["nodefs.inodesFree"] ?? 0, capacity: 0 }],
    ["pid.available", { available: left["pid.available"] ?? 1, capacity: 100 }],
  ]);

test("shortages are what is below its threshold", () => {
  const short = (left: Partial<Record<Signal, number>>) => shortages(machine(left), DEFAULT_THRESHOLDS);
  assert.deepEqual(short({}), []);
  assert.deepEqual(short({ "memory.available": 100 * 1024 ** 2 }), []);
  assert.deepEqual(short({ "memory.available": 100 * 1024 ** 2 - 1 }), ["memory.available"]);
  assert.deepEqual(short({ "nodefs.available": 9, "imagefs.available": 14 }), [
    "nodefs.available",
    "imagefs.available",
  ]);
  assert.deepEqual(shortages(machine(), { "pid.available": "2%" }), ["pid.available"]);
});

test("a shortage is described by its resource, disk, threshold and what is left", () => {
  const of = (signal: Signal, left: Partial<Record<Signal, number>>) =>
    describeShortage(signal, machine(left), DEFAULT_THRESHOLDS);
  assert.deepEqual(of("memory.available", { "memory.available": 5 }), {
    resource: "memory",
    threshold: "100Mi",
    available: 5,
  });
  assert.deepEqual(of("nodefs.available", { "nodefs.available": 9 }), {
    resource: "ephemeral-storage",
    disk: "node",
    threshold: "10",
    available: 9,
  });
  assert.equal(of("imagefs.available", {}).disk, "images");
});

test("a monitor looks anew when it is asked to", async () => {
  const clock = createVirtualClock(0);
  const scope = createScope("test");
  let available = GI;
  const monitor = await startNodeMonitor({
    measure: () => Promise.resolve(machine({ "memory.available": available })),
    runtimeStatus: () => Promise.resolve(READY),
    clock,
    log: silentLog,
    scope,
  });
  assert.deepEqual(await monitor.look?.(), []);
  available = 7;
  assert.deepEqual(await monitor.look?.(), [{ resource: "memory", threshold: "100Mi", available: 7 }]);
  assert.equal(monitor.health.memoryPressure, true);
  available = GI;
  assert.deepEqual(await monitor.look?.(), []);
  assert.equal(monitor.health.memoryPressure, true, "for a while it shows still");
  await scope.close();
});

test("a runtime that reports a problem, or is silent for 30 s, makes the node not ready", () => {
  assert.deepEqual(runtimeProblems(UNKNOWN_RUNTIME, 0), [
    "container runtime status check may not have completed yet",
    "network state unknown",
  ]);
  const ready = stepRuntime(UNKNOWN_RUNTIME, READY, 1000);
  assert.deepEqual(runtimeProblems(ready, 30_999), []);
  assert.deepEqual(runtimeProblems(ready, 31_000), ["container runtime is down"]);
  assert.deepEqual(runtimeProblems(stepRuntime(ready, NO_NETWORK, 2000), 2000), [NO_NETWORK_TEXT]);
  assert.deepEqual(runtimeProblems(stepRuntime(ready, [], 2000), 2000), [
    "container runtime not ready: <nil>",
    "container runtime network not ready: <nil>",
  ]);
});

async function monitored() {
  const clock = createVirtualClock(0);
  const scope = createScope("test");
  let left: Partial<Record<Signal, number>> = {};
  let status: readonly RuntimeCondition[] | undefined = NO_NETWORK;
  const monitor = await startNodeMonitor({
    measure: () => Promise.resolve(machine(left)),
    runtimeStatus: () => (status ? Promise.resolve(status) : Promise.reject(new Error("gone"))),
    clock,
    log: silentLog,
    scope,
  });
  const told: string[] = [];
  monitor.subscribe(() => {
    const { memoryPressure, diskPressure, problems } = monitor.health;
    told.push(
      `${clock.now() / 1000} ${memoryPressure ? "memory " : ""}${diskPressure ? "disk " : ""}${problems.join()}`,
    );
  });
  return {
    clock,
    scope,
    told,
    monitor,
    leave(next: Partial<Record<Signal, number>>) {
      left = next;
    },
    say(next: readonly RuntimeCondition[] | undefined) {
      status = next;
    },
  };
}

test("a monitor tells what changes, and nothing else", async () => {
  const { clock, scope, told, monitor, leave, say } = await monitored();
  assert.deepEqual(monitor.health.problems, [NO_NETWORK_TEXT]);
  say(READY);
  await clock.advance(100_000);
  assert.deepEqual(told.splice(0), ["5 "]);
  say(undefined);
  await clock.advance(60_000);
  assert.deepEqual(told.splice(0), ["130 container runtime is down"]);
  say(READY);
  await clock.advance(10_000);
  assert.deepEqual(told.splice(0), ["165 "]);
  leave({ "memory.available": 1 });
  await clock.advance(40_000);
  assert.deepEqual(told.splice(0), ["180 memory "]);
  // Measured last at 210, it shows for five minutes more.
  leave({});
  await clock.advance(400_000);
  assert.deepEqual(told.splice(0), ["510 "]);
  await scope.close();
  assert.equal(clock.pending, 0);
});

test("a source that is slow to answer is not asked again meanwhile", async () => {
  const clock = createVirtualClock(0);
  const scope = createScope("test");
  let asked = 0;
  let answer: ((conditions: readonly RuntimeCondition[]) => void) | undefined;
  const started = startNodeMonitor({
    measure: () => Promise.resolve(machine()),
    runtimeStatus() {
      asked++;
      if (asked === 1) return Promise.resolve(READY);
      return new Promise((resolve) => (answer = resolve));
    },
    clock,
    log: silentLog,
    scope,
  });
  const monitor = await started;
  await clock.advance(60_000);
  assert.equal(asked, 2);
  answer?.(READY);
  await clock.advance(5000);
  assert.equal(asked, 3);
  // While it says nothing, measuring the machine shows that the time is up.
  assert.deepEqual(monitor.health.problems, []);
  await clock.advance(40_000);
  assert.deepEqual(monitor.health.problems, ["container runtime is down"]);
  await scope.close();
});
