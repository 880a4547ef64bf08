import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { RuntimeError, type LogLine, type RunningContainer } from "#kubelet";
import type { Pod } from "#objects";
import { BUSYBOX_VARIABLE, missingForContainers, staticBusybox } from "./testing/requirements.ts";
import { BUSYBOX, createContainerWorld, podOf, type ContainerWorld } from "./testing/world.ts";

const INSIDE = process.env["KNARR_TEST_INSIDE"] === import.meta.filename;
const skip = INSIDE ? false : ((await missingForContainers()) ?? false);

const criIdOf = ({ id }: RunningContainer) => id.replace("containerd://", "");

/** Waits until something holds. */
async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let i = 0; i < 600; i++) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await wait(50);
  }
  throw new Error(`never came: ${what}`);
}

async function textOf(lines: AsyncIterable<LogLine>): Promise<string> {
  let text = "";
  for await (const line of lines) text += `${line.text}\n`;
  return text;
}

/** Whether a process has been killed, now or before. */
function killed(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
  return true;
}

/** Processes whose command line has the text in it. */
const processesOf = (text: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);

if (INSIDE) {
  describe("containerd", { timeout: 300_000 }, () => {
    let world: ContainerWorld;
    before(async () => {
      execFileSync("ip", ["link", "set", "lo", "up"]);
      world = await createContainerWorld("10.201.0.0/24");
    });
    after(async () => {
      await world.close();
      assert.deepEqual(processesOf(world.folder), [], "a process is left");
      assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(world.folder), "a mount is left");
      assert.ok(!existsSync(world.folder));
    });

    const signal = new AbortController().signal;
    const logOf = (id: string, follow = false) => textOf(world.runtime.logs(id, { follow, signal }));
    const start = async (pod: Pod, script: string) => {
      const sandbox = await world.runtime.createSandbox(pod, 0);
      return { sandbox, container: await world.run(pod, sandbox, script) };
    };
    const pidOf = async (id: string): Promise<number> => {
      const { info } = await world.runtime.cri.call("RuntimeService.ContainerStatus", {
        containerId: id,
        verbose: true,
      });
      return (JSON.parse(info["info"]!) as { pid: number }).pid;
    };

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
      const { sandbox, container } = await start(pod, "trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done");
      await until("the shell", async () => ((await logOf(container.id)) === "" ? true : undefined));
      await world.runtime.stopContainer(container.id, 20);
      assert.equal((await container.exited).exitCode, 0);
      assert.equal(await logOf(container.id), "bye\n");
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

    it("runs in the node's network where the pod wants it", async () => {
      const pod = podOf({ hostNetwork: true, hostAliases: [{ ip: "192.0.2.7", hostnames: ["seven"] }] });
      const { sandbox, container } = await start(pod, "ip link show knarr0 && cat /etc/hosts");
      assert.deepEqual(sandbox.ips, ["192.0.2.1"]);
      await container.exited;
      const text = await logOf(container.id);
      assert.match(text, /knarr0/);
      assert.match(text, /^# Kubernetes-managed hosts file \(host network\)\.$/m);
      assert.match(text, /^192\.0\.2\.7\tseven$/m);
      await world.runtime.removePod(pod);
    });

    it("mounts what is in an image", async () => {
      const pod = podOf();
      const sandbox = await world.runtime.createSandbox(pod, 0);
      const image = (await world.runtime.imageId(BUSYBOX))!;
      const mount = { image, readOnly: true, propagation: "None" } as const;
      const mounts = [
        { ...mount, containerPath: "/whole", hostPath: "" },
        { ...mount, containerPath: "/part", hostPath: "etc" },
      ];
      const container = await world.run(pod, sandbox, "cat /part/passwd; echo x >/whole/x; echo $?", { mounts });
      await container.exited;
      const text = await logOf(container.id);
      assert.match(text, /^root:x:0:0/m);
      assert.match(text, /Read-only file system/);
      await world.runtime.removePod(pod);
    });

    it("probes with commands", async () => {
      const pod = podOf();
      const { container } = await start(pod, "sleep 1000");
      const ask = (command: readonly string[]) =>
        world.runtime.probe({
          id: container.id,
          kind: "readiness",
          pod,
          container: { ...pod.spec!.containers[0]!, env: [{ name: "WHAT", value: "this" }] },
          ip: undefined,
          probe: { exec: { command }, timeoutSeconds: 1 },
        });
      assert.deepEqual(await ask(["echo", "yes"]), { result: "success" });
      assert.deepEqual(await ask(["sh", "-c", "echo $(WHAT); exit 1"]), { result: "failure", message: "this\n" });
      assert.deepEqual(await ask(["sh", "-c", "echo no; exit 1"]), { result: "failure", message: "no\n" });
      assert.deepEqual(await ask(["sleep", "30"]), { result: "failure", message: 'command "sleep 30" timed out' });
      assert.equal((await ask(["/no/such/program"])).result, "unknown");
      await assert.rejects(
        world.runtime.runHook(container.id, { exec: { command: ["cat", "/nothing"] } }, pod, signal),
        {
          reason: "FailedHook",
          message: /^command 'cat \/nothing' exited with 1: /,
        },
      );
      await world.runtime.removePod(pod);
    });

    it("knows a container that ran out of memory", async () => {
      const pod = podOf({}, { resources: { limits: { memory: "16Mi" } } });
      const { container } = await start(pod, "sleep 0.2; x=$(head -c 64000000 /dev/zero | tr '\\0' x); echo $x");
      const { reason, exitCode } = await container.exited;
      assert.deepEqual({ reason, exitCode }, { reason: "OOMKilled", exitCode: 137 });
      await world.runtime.removePod(pod);
    });

    it("shares processes where the pod wants it; the sandbox's program takes care of orphans", async () => {
      const pod = podOf({ shareProcessNamespace: true });
      const { container } = await start(pod, "(sleep 0.3 &) ; sleep 0.6; ps -o pid,stat,args; sleep 0.1");
      await container.exited;
      const text = await logOf(container.id);
      assert.match(text, /^\s+1 S\s+\/pause$/m);
      assert.doesNotMatch(text, / Z/);
      await world.runtime.removePod(pod);
    });

    it("lets an ephemeral container see the processes of its target", async () => {
      const pod = podOf();
      const { sandbox, container } = await start(pod, "exec sleep 1234");
      const debug = { name: "debug", image: BUSYBOX, targetContainerName: "main" };
      const other = await world.run(pod, sandbox, "ps -o args", { container: debug });
      await other.exited;
      assert.match(await logOf(other.id), /^sleep 1234$/m);
      const lost = { name: "lost", image: BUSYBOX, targetContainerName: "nobody" };
      await assert.rejects(world.run(pod, sandbox, "true", { container: lost }), {
        reason: "CreateContainerConfigError",
        message: "unable to find target container nobody",
      });
      await world.runtime.stopContainer(container.id, 1);
      await world.runtime.removePod(pod);
    });

    it("runs as the users that the pod names, with what they may do", async () => {
      const pod = podOf(
        { securityContext: { runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000, supplementalGroups: [4000] } },
        {
          securityContext: {
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
          },
        },
      );
      const { container } = await start(pod, "id; echo x >/file; cat /proc/self/status");
      await container.exited;
      const text = await logOf(container.id);
      assert.match(text, /^uid=1000 gid=2000 groups=2000,3000,4000$/m);
      assert.match(text, /can't create \/file: Read-only file system/);
      assert.match(text, /^NoNewPrivs:\s+1$/m);
      assert.match(text, /^CapEff:\s+0+$/m);
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
      const { rotateLog } = await import("./logs/rotate.ts");
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
      // Nobody knows of the first any more.
      await world.restartRuntime();
      const again = await world.run(pod, sandbox, "exit 4");
      assert.equal((await again.exited).exitCode, 4);
      const { containers } = await world.runtime.cri.call("RuntimeService.ListContainers", {});
      assert.ok(!containers.some(({ id }) => id === criIdOf(container)));
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

    it("takes over a containerd that runs", async () => {
      const pid = () => readFileSync(join(world.folder, "c/containerd.pid"), "utf8");
      const before = pid();
      await world.restartSupervision();
      assert.equal(pid(), before);
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

    it("takes away what nobody knows any more", async () => {
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
} else {
  // The network of pods is made in a namespace of its own, so the tests run once more inside of one.
  it("containerd, in a network namespace", { skip, timeout: 300_000 }, () => {
    const env = { ...process.env, KNARR_TEST_INSIDE: import.meta.filename, [BUSYBOX_VARIABLE]: staticBusybox() };
    Reflect.deleteProperty(env, "NODE_TEST_CONTEXT");
    const args = ["--net", process.execPath, ...process.execArgv, "--test-reporter=spec", import.meta.filename];
    const { status, stdout } = spawnSync("unshare", args, { env, encoding: "utf8", maxBuffer: 64 << 20 });
    assert.equal(status, 0, `${basename(import.meta.filename)} inside:\n${stdout}`);
  });
}
