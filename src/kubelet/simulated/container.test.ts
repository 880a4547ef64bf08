import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, createVirtualClock, type Clock, type VirtualClock } from "#base";
import type { ContainerExit, LogOptions } from "#kubelet";
import type { Pod } from "#objects";
import { SimulatedContainer } from "./container.ts";
import { createSimulatedRuntime } from "./runtime.ts";

const START = Date.UTC(2026, 0, 1);
const EXIT = { afterMs: 50, code: 3 };

const container = (clock: Clock, ended?: ContainerExit) =>
  new SimulatedContainer({
    clock,
    id: "c1",
    name: "web",
    image: "simulate/crash:3",
    attempt: 0,
    startedAt: START,
    behaviour: { readyMs: 0, healthy: true, exit: EXIT, ignoresTerm: false, stopMs: 50, stopCode: 0 },
    logsAsMessage: true,
    ...(ended ? { ended } : {}),
  });

const WHOLE: LogOptions = { follow: false, signal: new AbortController().signal };

async function logOf(one: SimulatedContainer): Promise<string[]> {
  const lines: string[] = [];
  for await (const { text } of one.logs(WHOLE)) lines.push(text);
  return lines;
}

/** As a machine's timers are by its wall clock: up to a millisecond early. */
const early = (clock: VirtualClock): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  setTimeout: (fn, ms) => clock.setTimeout(fn, ms - 1),
});

test("what a container says when it ends is said, even when the timer is early", async () => {
  const clock = createVirtualClock(START);
  const one = container(early(clock));
  await clock.advance(49);
  const exit = await one.exited;
  assert.equal(exit.finishedAt, START + EXIT.afterMs);
  assert.match(exit.message ?? "", /exit code 3\n$/);
  assert.match((await logOf(one)).at(-1) ?? "", /exit code 3$/);
});

test("a slow reader that follows a log gets the last lines", async () => {
  const clock = createVirtualClock(START);
  const one = container(clock);
  const following = one.logs({ ...WHOLE, follow: true });
  const first = await following.next();
  assert.equal(first.done, false);
  // It ends while the reader still handles the first line.
  await clock.advance(50);
  assert.equal(one.running, false);
  const rest: string[] = [];
  for await (const { text } of following) rest.push(text);
  assert.match(rest.at(-1) ?? "", /exit code 3$/);
});

test("one that has ended before says what it said", async () => {
  const clock = createVirtualClock(START);
  const one = container(clock);
  await clock.advance(50);
  const said = await logOf(one);
  const again = container(clock, await one.exited);
  assert.equal(again.running, false);
  assert.deepEqual(await logOf(again), said);
});

for (const [what, state] of [
  ["is waiting to be started again", { waiting: { reason: "CrashLoopBackOff" } }],
  ["runs again", { running: { startedAt: "2026-01-01T00:00:11Z" } }],
] as const) {
  test(`the run before is known to the next process while the container ${what}`, async () => {
    const clock = createVirtualClock(START + 20_000);
    const random = createRandom(1);
    const runtime = createSimulatedRuntime({ clock, random, podCidr: "10.244.9.0/24", nodeIp: "10.0.0.9" });
    const pod: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", namespace: "default", uid: "u1" },
      spec: { containers: [{ name: "web", image: "simulate/crash:3" }] },
      status: {
        podIP: "10.244.9.7",
        conditions: [{ type: "PodReadyToStartContainers", status: "True" }],
        containerStatuses: [
          {
            name: "web",
            image: "simulate/crash:3",
            imageID: "i",
            ready: false,
            restartCount: 1,
            containerID: "simulated://two",
            state,
            lastState: {
              terminated: {
                containerID: "simulated://one",
                exitCode: 3,
                startedAt: "2026-01-01T00:00:00Z",
                finishedAt: "2026-01-01T00:00:00Z",
              },
            },
          },
        ],
      },
    };
    await runtime.adopt(pod);
    const lines = [];
    for await (const { text } of runtime.logs("simulated://one", WHOLE)) lines.push(text);
    assert.match(lines.at(-1) ?? "", /exit code 3$/);
    await runtime.close();
  });
}
