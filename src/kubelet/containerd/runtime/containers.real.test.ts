import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { RuntimeError } from "#kubelet";
import { rotateLog } from "../logs/rotate.ts";
import { describeInside } from "../testing/inside.ts";
import { criIdOf, until, useContainerWorld } from "../testing/use-world.ts";
import { podOf } from "../testing/world.ts";

await describeInside("containerd", import.meta.filename, () => {
  const world = useContainerWorld("10.201.0.0/24");
  const { start, logOf } = world;
  const signal = new AbortController().signal;

  it("runs a container in a sandbox with an address of its own, and tells of its end", async () => {
    const pod = podOf();
    assert.equal(await world.runtime.adopt(pod), undefined);
    const script =
      "echo $GREETING; hostname; ip -4 addr show eth0; cat /etc/hosts /etc/resolv.conf; echo oops >&2; exit 3";
    const { sandbox, container } = await start(pod, script);
    const [ip] = sandbox.ips;
    assert.match(ip!, /^10\.201\.0\.\d+$/);
    const exit = await container.exited;
    assert.deepEqual(
      { ...exit, startedAt: 0, finishedAt: 0 },
      { id: container.id, exitCode: 3, reason: "Error", startedAt: 0, finishedAt: 0 },
    );
    const text = await logOf(container.id, true);
    for (const part of [/^hello$/m, /^p\d+$/m, `inet ${ip}/24`, `${ip}\tp`, "nameserver 10.96.0.10", /^oops$/m])
      assert.ok(typeof part === "string" ? text.includes(part) : part.test(text), `${part} in ${text}`);
    await world.runtime.removePod(pod);
    assert.equal(await world.runtime.adopt(pod), undefined);
    assert.ok(!existsSync(join(world.folder, "kubelet/pods", pod.metadata.uid!)));
  });

  it("takes the last message from the file, or from the log where the policy says so", async () => {
    const fileOf = podOf();
    const first = await start(fileOf, "echo said; echo written >/dev/termination-log; exit 1");
    assert.equal((await first.container.exited).message, "written\n");
    const logOnly = podOf({}, { terminationMessagePolicy: "FallbackToLogsOnError" });
    const second = await start(logOnly, "echo said; exit 1");
    assert.equal((await second.container.exited).message, "said\n");
    const third = await world.run(logOnly, second.sandbox, "echo fine", { attempt: 1 });
    assert.equal((await third.exited).message, undefined);
    for (const pod of [fileOf, logOnly]) await world.runtime.removePod(pod);
  });

  it("says why a container cannot be started", async () => {
    const pod = podOf({ securityContext: { runAsNonRoot: true } });
    const sandbox = await world.runtime.createSandbox(pod, 0);
    await assert.rejects(world.run(pod, sandbox, "true"), {
      reason: "CreateContainerConfigError",
      message: `container has runAsNonRoot and image will run as root (pod: "${pod.metadata.name}_default(${pod.metadata.uid})", container: main)`,
    });
    const process = { command: ["/no/such/program"], args: [], env: [], mounts: [] };
    const willing = podOf();
    const other = await world.runtime.createSandbox(willing, 0);
    const container = willing.spec!.containers[0]!;
    const error: unknown = await world.runtime
      .startContainer({ pod: willing, sandbox: other, container, attempt: 0, process })
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof RuntimeError);
    assert.equal(error.reason, "RunContainerError");
    assert.match(error.message, /no such file or directory/);
    assert.equal(error.exit?.exitCode, 128);
    assert.equal(error.exit?.reason, "StartError");
    await assert.rejects(world.runtime.pullImage("localhost:1/nothing", willing, []), {
      reason: "ErrImagePull",
      message: /^failed to pull and unpack image "localhost:1\/nothing:latest": .*connection refused$/,
    });
    for (const done of [pod, willing]) await world.runtime.removePod(done);
  });

  it("stops a container within the grace, and ends one that does not listen", async () => {
    const pod = podOf();
    const { sandbox, container } = await start(
      pod,
      "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done",
    );
    // The first process of a container ignores a signal that it has no handler for yet.
    await until("the shell", async () => ((await logOf(container.id)) === "up\n" ? true : undefined));
    await world.runtime.stopContainer(container.id, 20);
    assert.equal((await container.exited).exitCode, 0);
    assert.equal(await logOf(container.id), "up\nbye\n");
    const stubborn = await world.run(pod, sandbox, "trap '' TERM; while :; do sleep 0.1; done", { attempt: 1 });
    await world.runtime.stopContainer(stubborn.id, 1);
    assert.equal((await stubborn.exited).exitCode, 137);
    await world.runtime.stopContainer(stubborn.id, 1);
    await world.runtime.removePod(pod);
  });

  it("ends a container sooner when it is asked again with less grace", async () => {
    const pod = podOf();
    const { container } = await start(pod, "trap '' TERM; echo up; while :; do sleep 0.1; done");
    await until("the shell", async () => ((await logOf(container.id)) === "up\n" ? true : undefined));
    const patient = world.runtime.stopContainer(container.id, 600);
    await wait(100);
    await world.runtime.stopContainer(container.id, 1);
    assert.equal((await container.exited).exitCode, 137);
    await patient;
    await world.runtime.removePod(pod);
  });

  it("knows a container that ran out of memory", async () => {
    const pod = podOf({}, { resources: { limits: { memory: "16Mi" } } });
    const { container } = await start(pod, "sleep 0.2; x=$(head -c 64000000 /dev/zero | tr '\\0' x); echo $x");
    const { reason, exitCode } = await container.exited;
    assert.deepEqual({ reason, exitCode }, { reason: "OOMKilled", exitCode: 137 });
    await world.runtime.removePod(pod);
  });

  it("keeps the last two runs of a container", async () => {
    const pod = podOf();
    const { sandbox, container } = await start(pod, "echo run 0");
    await container.exited;
    const runs = [container];
    for (let attempt = 1; attempt < 4; attempt++) {
      const next = await world.run(pod, sandbox, `echo run ${attempt}`, { attempt });
      await next.exited;
      runs.push(next);
    }
    const listed = await until("two are left", async () => {
      const { containers } = await world.runtime.cri.call("RuntimeService.ListContainers", {
        filter: { podSandboxId: sandbox.id },
      });
      return containers.length === 2 ? containers : undefined;
    });
    assert.deepEqual(new Set(listed.map(({ id }) => id)), new Set(runs.slice(2).map(criIdOf)));
    assert.equal(await logOf(runs[2]!.id), "run 2\n");
    await assert.rejects(logOf(runs[0]!.id), { message: `unable to retrieve container logs for ${runs[0]!.id}` });
    await world.runtime.removePod(pod);
  });

  it("probes with commands", async () => {
    const pod = podOf();
    const { container } = await start(pod, "sleep 1000");
    const ask = (command: readonly string[], timeoutSeconds = 60) =>
      world.runtime.probe({
        id: container.id,
        kind: "readiness",
        pod,
        container: { ...pod.spec!.containers[0]!, env: [{ name: "WHAT", value: "this" }] },
        ip: undefined,
        probe: { exec: { command }, timeoutSeconds },
      });
    assert.deepEqual(await ask(["echo", "yes"]), { result: "success" });
    assert.deepEqual(await ask(["sh", "-c", "echo $(WHAT); exit 1"]), { result: "failure", message: "this\n" });
    assert.deepEqual(await ask(["sh", "-c", "echo no; exit 1"]), { result: "failure", message: "no\n" });
    assert.deepEqual(await ask(["sleep", "1000"], 1), { result: "failure", message: 'command "sleep 1000" timed out' });
    assert.equal((await ask(["/no/such/program"])).result, "unknown");
    await assert.rejects(world.runtime.runHook(container.id, { exec: { command: ["cat", "/nothing"] } }, pod, signal), {
      reason: "FailedHook",
      message: /^command 'cat \/nothing' exited with 1: /,
    });
    await world.runtime.removePod(pod);
  });

  it("follows a log over its rotation", async () => {
    const pod = podOf();
    const { container } = await start(pod, "for i in $(seq 1 200); do echo line $i; sleep 0.01; done");
    const lines: string[] = [];
    const following = (async () => {
      for await (const { text } of world.runtime.logs(container.id, { follow: true, signal })) lines.push(text);
    })();
    await until("some lines", () => lines.length > 20);
    const { status } = await world.runtime.cri.call("RuntimeService.ContainerStatus", {
      containerId: criIdOf(container),
    });
    const reopen = async () => {
      await world.runtime.cri.call("RuntimeService.ReopenContainerLog", { containerId: criIdOf(container) });
    };
    assert.ok(await rotateLog(status!.logPath, Date.UTC(2026, 0, 1), reopen, { maxBytes: 10, maxFiles: 5 }));
    await container.exited;
    await following;
    assert.deepEqual(
      lines,
      Array.from({ length: 200 }, (_, i) => `line ${i + 1}`),
    );
    const all = await logOf(container.id);
    assert.equal(all.trimEnd().split("\n").length, 200, "what was rotated away is still read");
    await world.runtime.removePod(pod);
  });
});
