import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { describeInside } from "../testing/inside.ts";
import { criIdOf, useContainerWorld } from "../testing/use-world.ts";
import { podOf } from "../testing/world.ts";

await describeInside("containerd", import.meta.filename, () => {
  const world = useContainerWorld("10.201.0.0/24");
  const { start, pidOf } = world;

  it("leaves what others run on the same containerd alone", async () => {
    const [theirs, ours] = [podOf(), podOf()];
    const foreign = await start(theirs, "sleep 1000");
    let bounded = 0;
    const cgroupParentOf = () => {
      bounded++;
      return "";
    };
    const shared = await world.restartRuntime({ owner: "aaaa1111", cgroupParentOf });
    const own = await start(ours, "sleep 1000");
    assert.equal(await shared.adopt(theirs), undefined);
    bounded = 0;
    assert.ok((await shared.adopt(ours))?.sandbox);
    assert.equal(bounded, 1, "what the pod may use is set anew");
    assert.deepEqual(
      (await shared.stats!()).containers.map(({ podUid }) => podUid),
      [ours.metadata.uid],
    );
    assert.equal(shared.imageStore, undefined);
    await shared.removePod(theirs);
    assert.deepEqual(await shared.removeOrphans(new Set()), [ours.metadata.uid]);
    const all = await shared.cri.call("RuntimeService.ListPodSandbox", {});
    assert.deepEqual(
      all.items.map(({ id, state }) => [id, state]),
      [[foreign.sandbox.id, "SANDBOX_READY"]],
    );
    await own.container.exited;
    const [running] = (await shared.cri.call("RuntimeService.ListContainers", {})).containers;
    assert.deepEqual([running?.id, running?.state], [criIdOf(foreign.container), "CONTAINER_RUNNING"]);
    const other = await world.restartRuntime({ podCidr: "10.99.0.0/24" });
    await assert.rejects(other.createSandbox(podOf(), 0), /which is not in 10\.99\.0\.0\/24/);
    await world.restartRuntime();
    assert.equal((await world.runtime.removeOrphans(new Set([theirs.metadata.uid!]))).length, 1);
    await world.runtime.removePod(theirs);
  });

  it("takes over what runs: nothing is restarted, and ends are noticed", async () => {
    const pod = podOf({ restartPolicy: "Always" });
    const { sandbox, container } = await start(pod, "sleep 1000");
    const ended = { ...pod.spec!.containers[0]!, name: "ended" };
    const short = await world.run(pod, sandbox, "exit 7", { container: ended });
    await short.exited;
    await world.restartRuntime();
    const adopted = await world.runtime.adopt(pod);
    assert.deepEqual([adopted?.sandbox?.id, adopted?.sandbox?.ips], [sandbox.id, sandbox.ips]);
    const main = adopted?.containers.get("main");
    assert.ok(main?.state === "running");
    assert.deepEqual([main.container.id, main.container.startedAt], [container.id, container.startedAt]);
    const other = adopted?.containers.get("ended");
    assert.ok(other?.state === "exited");
    assert.equal(other.exit.exitCode, 7);
    process.kill(await pidOf(criIdOf(container)), "SIGKILL");
    assert.equal((await main.container.exited).exitCode, 137);
    await world.runtime.removePod(pod);
  });

  it("makes a run anew that was interrupted while it was made", async () => {
    const pod = podOf();
    const { sandbox, container } = await start(pod, "sleep 1000");
    await assert.rejects(world.run(pod, sandbox, "true"), {
      reason: "CreateContainerError",
      message: /is reserved for/,
    });
    // The first is not known any more.
    await world.restartRuntime();
    const again = await world.run(pod, sandbox, "exit 4");
    assert.equal((await again.exited).exitCode, 4);
    const { containers } = await world.runtime.cri.call("RuntimeService.ListContainers", {});
    assert.ok(!containers.some(({ id }) => id === criIdOf(container)));
    await world.runtime.removePod(pod);
  });

  it("takes over a containerd that runs", async () => {
    const pid = () => readFileSync(join(world.folder, "c/containerd.pid"), "utf8");
    const before = pid();
    await world.restartSupervision();
    assert.equal(pid(), before);
  });

  it("removes what belongs to pods that are not known any more", async () => {
    const [known, orphan] = [podOf(), podOf()];
    await start(known, "sleep 1000");
    const { container } = await start(orphan, "sleep 1000");
    assert.deepEqual(await world.runtime.removeOrphans(new Set([known.metadata.uid!])), [orphan.metadata.uid]);
    assert.equal((await container.exited).exitCode, 137);
    assert.ok(await world.runtime.adopt(known));
    assert.equal(await world.runtime.adopt(orphan), undefined);
    assert.ok(!readdirSync(join(world.folder, "logs")).some((name) => name.includes(orphan.metadata.uid!)));
    await world.runtime.removePod(known);
  });
});
