import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRandom, createVirtualClock } from "#base";
import type { Pod } from "#objects";
import { createSimulatedRuntime } from "./runtime.ts";
import { amountAt, amountBetween, parseCourse, type BadUsage } from "./usage.ts";

const podWith = (annotations: Readonly<Record<string, string>>, ...names: readonly string[]): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u", annotations },
  spec: { containers: names.map((name) => ({ name, image: "nginx" })) },
});

/** A node of its own, with the containers of the pod running, all times being nothing. */
async function running(pod: Pod) {
  const clock = createVirtualClock();
  let current = pod;
  const bad: BadUsage[] = [];
  const runtime = createSimulatedRuntime({
    clock,
    random: createRandom(1),
    podCidr: "10.244.9.0/24",
    nodeIp: "10.0.0.9",
    times: { sandbox: 0, pull: 0, start: 0 },
    current: () => current,
    onBadUsage: (_, problem) => bad.push(problem),
  });
  const sandbox = { id: "s", ips: ["10.244.9.2"] };
  for (const container of pod.spec!.containers) {
    const started = runtime.startContainer({ pod, container, sandbox, attempt: 0, env: [], mounts: [] } as never);
    await clock.advance(0);
    await started;
  }
  return {
    clock,
    bad,
    annotate: (annotations: Readonly<Record<string, string>>) => {
      current = { ...pod, metadata: { ...pod.metadata, annotations } };
    },
    /** Milliseconds of a core, and mebibytes, by container and of the node. */
    async used() {
      const { node, containers } = await runtime.stats!();
      const of = ({ cpuNanoseconds, workingSetBytes }: typeof node) => [
        Math.round(cpuNanoseconds / 1e6),
        workingSetBytes / 2 ** 20,
      ];
      return Object.fromEntries([["node", of(node)], ...containers.map((one) => [one.name, of(one)] as const)]);
    },
  };
}

test("a course is one amount, or several with their times", () => {
  assert.deepEqual(parseCourse("200m"), [{ fromMs: 0, amount: 0.2 }]);
  assert.deepEqual(parseCourse("10m@0s, 0.2@30s,1@1m30s"), [
    { fromMs: 0, amount: 0.01 },
    { fromMs: 30_000, amount: 0.2 },
    { fromMs: 90_000, amount: 1 },
  ]);
  assert.deepEqual(parseCourse("64Mi,1Gi@2m"), [
    { fromMs: 0, amount: 64 * 2 ** 20 },
    { fromMs: 120_000, amount: 2 ** 30 },
  ]);
});

test("a course that cannot be read says why", () => {
  const wrong = (text: string) => assert.throws(() => parseCourse(text), Error);
  for (const text of ["", "much", "10m@", "10m@soon", "10m@30s", "10m,20m", "10m,20m@2m,30m@1m", "-1m"]) wrong(text);
  assert.throws(() => parseCourse("much"), { message: '"much" is not a quantity' });
  assert.throws(() => parseCourse("1,2@soon"), {
    message: '"soon" is not a time after the start, such as 30s or 2m',
  });
});

test("what is used between two times is the sum of what is used at every moment of it", () => {
  const course = fc
    .array(fc.record({ gap: fc.integer({ min: 1, max: 9 }), amount: fc.nat(20) }), { minLength: 1, maxLength: 5 })
    .map((parts) => {
      let fromMs = 0;
      return parts.map(({ gap, amount }, at) => ({ fromMs: at === 0 ? 0 : (fromMs += gap), amount }));
    });
  fc.assert(
    fc.property(course, fc.nat(40), fc.nat(40), (stretches, from, length) => {
      let sum = 0;
      for (let ms = from; ms < from + length; ms++) sum += amountAt(stretches, ms);
      assert.equal(amountBetween(stretches, from, from + length), sum);
    }),
    { seed: Number(process.env.SEED ?? 1) },
  );
});

test("a container uses what its annotations say, another one what an idle server does", async () => {
  const said = {
    "simulated.knarr.dev/cpu.web": "100m,300m@20s",
    "simulated.knarr.dev/memory.web": "64Mi,128Mi@20s",
  };
  const { clock, used } = await running(podWith(said, "web", "side"));
  await clock.advance(10_000);
  assert.deepEqual(await used(), { node: [1010, 592], web: [1000, 64], side: [10, 16] });
  await clock.advance(20_000);
  assert.deepEqual(await used(), { node: [1010 + 5020, 656], web: [1000 + 4000, 128], side: [30, 16] });
});

test("an annotation that changes counts from then on, and what was used stays used", async () => {
  const { clock, used, annotate, bad } = await running(podWith({ "simulated.knarr.dev/cpu": "1" }, "web"));
  await clock.advance(10_000);
  assert.deepEqual((await used())["web"], [10_000, 16]);
  annotate({ "simulated.knarr.dev/cpu": "100m" });
  await clock.advance(10_000);
  assert.deepEqual((await used())["web"], [11_000, 16]);
  annotate({ "simulated.knarr.dev/cpu": "lots" });
  await clock.advance(10_000);
  assert.deepEqual((await used())["web"], [11_010, 16]);
  await used();
  assert.deepEqual(bad, [{ annotation: "cpu", problem: '"lots" is not a quantity' }]);
});

test("an annotation that cannot be read is told of when its container starts, with its name", async () => {
  const { bad } = await running(podWith({ "simulated.knarr.dev/memory.web": "1Zi" }, "web", "side"));
  assert.deepEqual(bad, [{ annotation: "memory.web", problem: '"1Zi" is not a quantity' }]);
});
