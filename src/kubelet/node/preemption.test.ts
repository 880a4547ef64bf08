import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { podRequests, type Pod } from "#objects";
import { container, podOf } from "../testing/pods.ts";
import { planPreemption } from "./preemption.ts";

const MI = 1 << 20;
const CRITICAL = 2_000_000_000;
const critical = podOf({ priority: CRITICAL, containers: [container("main")] }, { name: "critical" });

function pod(name: string, requests: Record<string, string>, { guaranteed = false, priority = 0 } = {}): Pod {
  const resources = { requests, ...(guaranteed ? { limits: requests } : {}) };
  return podOf({ priority, containers: [container("main", { resources })] }, { name, uid: name });
}

const plan = (pods: readonly Pod[], lacking: Record<string, number>) =>
  planPreemption(critical, pods, new Map(Object.entries(lacking)))?.map(({ metadata }) => metadata.name);

test("guaranteed pods are preempted only for what the others cannot free, and no pod needlessly", () => {
  const guaranteed = pod("guaranteed", { cpu: "1", memory: "100Mi" }, { guaranteed: true });
  const burstable = pod("burstable", { cpu: "1" });
  const best = pod("best", {});
  assert.deepEqual(plan([guaranteed, burstable, best], { cpu: 500 }), ["burstable"]);
  assert.deepEqual(plan([guaranteed, burstable, best], { cpu: 1500 }), ["burstable", "guaranteed"]);
  assert.deepEqual(plan([guaranteed, burstable, best], { pods: 1 }), ["best"]);
  assert.deepEqual(plan([guaranteed, burstable, best], { cpu: 2500 }), undefined);
});

test("the pod that frees most of what is missing is preempted first; of equal pods, the one with the smaller requests", () => {
  const pods = [pod("small", { memory: "10Mi" }), pod("fits", { memory: "64Mi" }), pod("large", { memory: "900Mi" })];
  assert.deepEqual(plan(pods, { memory: 60 * MI }), ["fits"]);
  assert.deepEqual(plan(pods, { memory: 950 * MI }), ["large", "fits"]);
});

test("a critical pod is preempted only for one of higher priority", () => {
  assert.equal(plan([pod("equal", { cpu: "1" }, { priority: CRITICAL })], { cpu: 100 }), undefined);
  const more = podOf({ priority: CRITICAL + 1, containers: [container("main")] });
  const equal = pod("equal", { cpu: "1" }, { priority: CRITICAL });
  assert.deepEqual(planPreemption(more, [equal], new Map([["cpu", 100]])), [equal]);
});

test("the pods that are preempted free enough, and some are found whenever all of them would", () => {
  const pods = fc.array(fc.record({ cpu: fc.nat(1000), memory: fc.nat(500), guaranteed: fc.boolean() }), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(pods, fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 1000 }), (all, cpu, memory) => {
      const given = all.map((one, i) =>
        pod(String(i), { cpu: `${one.cpu}m`, memory: `${one.memory}Mi` }, { guaranteed: one.guaranteed }),
      );
      const sum = (some: readonly Pod[], resource: string) =>
        some.reduce((total, one) => total + (podRequests(one)[resource] ?? 0), 0);
      const chosen = planPreemption(
        critical,
        given,
        new Map([
          ["cpu", cpu],
          ["memory", memory * MI],
        ]),
      );
      const enough = (some: readonly Pod[]) => sum(some, "cpu") >= cpu && sum(some, "memory") >= memory * MI;
      assert.equal(chosen !== undefined, enough(given));
      if (chosen) assert.ok(enough(chosen));
    }),
  );
});
