import assert from "node:assert/strict";
import { test } from "node:test";
import { PODS, podCondition, type Pod } from "#objects";
import type { Runtime } from "../runtime.ts";
import { createKubeletWorld } from "../testing/kubelet-world.ts";
import { shown, statusIn } from "../testing/world.ts";

const isReady = (pod: Pod | undefined) => pod !== undefined && podCondition(pod, "Ready")?.status === "True";
const spec = { containers: [{ name: "web", image: "nginx" }], terminationGracePeriodSeconds: 1 };
const key = { namespace: "default", name: "web" };

/** A runtime that some calls do not get through to. */
function createFragile() {
  const failing = new Set<keyof Runtime>();
  const calls: string[] = [];
  const check = (name: keyof Runtime) => {
    calls.push(name);
    if (failing.has(name)) throw new Error("connection refused");
  };
  const wrap = (runtime: Runtime): Runtime => ({
    ...runtime,
    async adopt(pod) {
      check("adopt");
      return runtime.adopt(pod);
    },
    async removePod(pod) {
      check("removePod");
      return runtime.removePod(pod);
    },
    async stopContainer(id, graceSeconds) {
      check("stopContainer");
      return runtime.stopContainer(id, graceSeconds);
    },
    async stopSandbox(id) {
      check("stopSandbox");
      return runtime.stopSandbox(id);
    },
  });
  return { failing, calls, wrap };
}

test("a pod that comes while the runtime is away runs once it is back", async () => {
  const { failing, wrap } = createFragile();
  await using world = await createKubeletWorld({ wrap });
  failing.add("adopt");
  await world.run("web", spec);
  await world.clock.advance(20_000);
  assert.equal((await world.pod("web"))?.status?.phase, "Pending");
  failing.clear();
  await world.until("web", isReady);
});

test("a pod's remains are removed once the runtime is back", async () => {
  const { failing, calls, wrap } = createFragile();
  await using world = await createKubeletWorld({ wrap });
  await world.run("web", spec);
  await world.until("web", isReady);
  failing.add("removePod");
  await world.client.delete(PODS, key);
  await world.clock.runUntil(() => calls.filter((name) => name === "removePod").length >= 3, 60_000);
  failing.clear();
  const before = calls.length;
  await world.clock.runUntil(() => calls.length > before, 60_000);
  await world.clock.advance(60_000);
  assert.equal(calls.length, before + 1, "once it is gone, the runtime is not asked again");
});

for (const call of ["stopContainer", "stopSandbox"] as const) {
  test(`a deleted pod goes once the runtime, whose ${call} failed, is back`, async () => {
    const { failing, calls, wrap } = createFragile();
    await using world = await createKubeletWorld({ wrap });
    await world.run("web", spec);
    await world.until("web", isReady);
    failing.add(call);
    await world.client.delete(PODS, key);
    await world.clock.advance(30_000);
    assert.ok(await world.pod("web"));
    const tries = calls.filter((name) => name === call).length;
    assert.ok(tries > 1 && tries < 40, `${tries} tries within 30 s`);
    failing.clear();
    await world.until("web", (pod) => pod === undefined);
  });
}

test("after a restart of the machine all containers, init containers too, start anew and restarts count up", async () => {
  let rebooted = false;
  const wrap = (runtime: Runtime): Runtime => ({
    ...runtime,
    async adopt(pod) {
      const adopted = await runtime.adopt(pod);
      if (!rebooted || !adopted?.sandbox) return adopted;
      const ended = [...adopted.containers].map(([name, container]) => {
        if (container.state === "exited") return [name, container] as const;
        const { id, startedAt } = container.container;
        const exit = { id, exitCode: 255, reason: "Unknown", startedAt, finishedAt: startedAt };
        return [name, { state: "exited", attempt: container.attempt, exit } as const] as const;
      });
      return { lostSandbox: adopted.sandbox.id, containers: new Map(ended) };
    },
  });
  await using world = await createKubeletWorld({ wrap });
  const init = { name: "init", image: "busybox", command: ["true"] };
  await world.run("web", { ...spec, initContainers: [init] });
  await world.until("web", isReady);
  rebooted = true;
  await world.restart();
  const pod = await world.until("web", (found) => isReady(found) && statusIn(found, "web")?.restartCount === 1);
  assert.equal(statusIn(pod, "init")?.restartCount, 1);
  assert.equal(statusIn(pod, "web")?.lastState?.terminated?.exitCode, 255);
  const changed = (await world.events("web")).filter((line) => line.includes("SandboxChanged"));
  assert.deepEqual(changed, ["Normal SandboxChanged Pod sandbox changed, it will be killed and re-created."]);
});

test("after the runtime has lost its data, pods run anew and restarts do not count down", async () => {
  let forgetful = false;
  const wrap = (runtime: Runtime): Runtime => ({
    ...runtime,
    adopt: (pod) => (forgetful ? Promise.resolve(undefined) : runtime.adopt(pod)),
  });
  await using world = await createKubeletWorld({ wrap });
  const init = { name: "init", image: "busybox", command: ["true"] };
  await world.run("web", { ...spec, initContainers: [init] });
  await world.run("crash", { containers: [{ name: "web", image: "simulate/crash" }] });
  await world.run("job", {
    restartPolicy: "Never",
    containers: [{ name: "web", image: "busybox", command: ["sleep", "3600"] }],
  });
  for (const name of ["web", "job"]) await world.until(name, isReady);
  await world.until("crash", (pod) => statusIn(pod, "web")?.restartCount === 2);
  forgetful = true;
  await world.restart();
  const pod = await world.until("web", (found) => isReady(found) && statusIn(found, "web")?.restartCount === 1);
  assert.equal(statusIn(pod, "web")?.lastState?.terminated?.reason, "ContainerStatusUnknown");
  assert.equal(statusIn(pod, "init")?.restartCount, 1);
  const crash = await world.until("crash", (found) => statusIn(found, "web")?.restartCount !== 2);
  assert.equal(statusIn(crash, "web")?.restartCount, 3);
  const job = await world.until("job", (found) => found?.status?.phase === "Failed");
  assert.equal(shown(job, "web"), "terminated ContainerStatusUnknown 137");
});
