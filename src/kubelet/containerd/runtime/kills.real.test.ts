import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { Pod } from "#objects";
import { describeInside } from "../testing/inside.ts";
import { criIdOf, processesOf, until, useContainerWorld } from "../testing/use-world.ts";
import { podOf } from "../testing/world.ts";

/** Whether a process has been killed, now or before. */
function killed(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
  return true;
}

await describeInside("containerd", import.meta.filename, () => {
  const world = useContainerWorld("10.201.0.0/24");
  const { start, pidOf } = world;

  it("notices when a sandbox dies, and makes another", async () => {
    const pod = podOf();
    const { sandbox } = await start(pod, "sleep 1000");
    const { info } = await world.runtime.cri.call("RuntimeService.PodSandboxStatus", {
      podSandboxId: sandbox.id,
      verbose: true,
    });
    process.kill((JSON.parse(info["info"]!) as { pid: number }).pid, "SIGKILL");
    await sandbox.lost;
    await world.runtime.stopSandbox(sandbox.id);
    const next = await world.runtime.createSandbox(pod, 1);
    assert.notEqual(next.id, sandbox.id);
    const again = await world.run(pod, next, "echo again", { attempt: 1 });
    assert.equal((await again.exited).exitCode, 0);
    await world.runtime.removePod(pod);
  });

  it("notices when the shim of a pod is killed", async () => {
    const pod = podOf();
    const { sandbox, container } = await start(pod, "sleep 1000");
    const status = readFileSync(`/proc/${await pidOf(criIdOf(container))}/status`, "utf8");
    process.kill(Number(/^PPid:\s+(\d+)$/m.exec(status)![1]), "SIGKILL");
    await sandbox.lost;
    assert.notEqual((await container.exited).exitCode, 0);
    await world.runtime.stopSandbox(sandbox.id);
    const next = await world.runtime.createSandbox(pod, 1);
    assert.equal((await (await world.run(pod, next, "true", { attempt: 1 })).exited).exitCode, 0);
    await world.runtime.removePod(pod);
  });

  it("brings containerd back when it dies; containers go on, and what ended meanwhile is noticed", async () => {
    const pod = podOf();
    const { sandbox, container } = await start(pod, "while [ ! -e /tmp/go ]; do sleep 0.1; done; exit 5");
    const steady = await world.run(pod, sandbox, "sleep 1000", {
      container: { ...pod.spec!.containers[0]!, name: "steady" },
    });
    const root = `/proc/${await pidOf(criIdOf(container))}/root`;
    const before = readFileSync(join(world.folder, "c/containerd.pid"), "utf8");
    process.kill(Number(before), "SIGKILL");
    execFileSync("touch", [`${root}/tmp/go`]);
    assert.equal((await container.exited).exitCode, 5);
    assert.notEqual(readFileSync(join(world.folder, "c/containerd.pid"), "utf8"), before);
    const adopted = await world.runtime.adopt(pod);
    const still = adopted?.containers.get("steady");
    assert.ok(still?.state === "running" && still.container.id === steady.id);
    await world.runtime.removePod(pod);
    assert.equal((await steady.exited).exitCode, 137);
  });

  it("converges whatever is killed while pods come and go", async () => {
    const before = new Set(processesOf("containerd-shim"));
    const pods = Array.from({ length: 8 }, () => podOf());
    const live = async (pod: Pod) => {
      // While containerd is away calls fail; the kubelet tries again.
      const insistently = <T>(what: string, task: () => Promise<T>) =>
        until(what, () => task().catch(() => wait(200, undefined)));
      for (let attempt = 0; attempt < 3; attempt++) {
        const sandbox = await insistently("a sandbox", () => world.runtime.createSandbox(pod, attempt));
        const container = await insistently("a container", () =>
          world.run(pod, sandbox, "sleep 1000", { attempt }),
        ).catch(() => undefined);
        if (!container) continue;
        if (attempt < 2) await insistently("a kill", async () => killed(await pidOf(criIdOf(container))));
        else await insistently("a stop", () => world.runtime.stopContainer(container.id, 1).then(() => true));
        await container.exited;
        await insistently("no sandbox", () => world.runtime.stopSandbox(sandbox.id).then(() => true));
      }
      await until("the pod is gone", () =>
        world.runtime.removePod(pod).then(
          () => true,
          () => undefined,
        ),
      );
    };
    const killing = (async () => {
      for (let i = 0; i < 2; i++) {
        await wait(700);
        await until("containerd was killed", () => {
          const pid = readFileSync(join(world.folder, "c/containerd.pid"), "utf8").trim();
          return processesOf("config.toml").includes(Number(pid)) && process.kill(Number(pid), "SIGKILL");
        });
      }
    })();
    await Promise.all([killing, ...pods.map(live)]);
    for (const pod of pods) assert.equal(await world.runtime.adopt(pod), undefined);
    await until("no shim is left", () => {
      const shims = new Set(processesOf("containerd-shim"));
      return !processesOf(world.folder).some((pid) => shims.has(pid) && !before.has(pid));
    });
    assert.deepEqual(
      readdirSync(join(world.folder, "c/addresses/knarr")).filter((name) => /^\d/.test(name)),
      [],
    );
  });
});
