import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { systemClock } from "#base";
import { openCri, type Cri } from "#kubelet/containerd";

const run = promisify(execFile);
const IMAGE = "docker.io/library/busybox:1.36";
const COMMAND = ["sleep", "1000"];
const CALL = { timeoutMs: 60_000 };

/** Starts what a Pod needs without Kubernetes; resolves to the milliseconds that it took. */
export interface RuntimeAlone {
  readonly name: string;
  start(name: string): Promise<number>;
  /** Takes away all that was started. */
  removeAll(): Promise<void>;
}

/** One container by containerd's own command line, without a network of its own. */
export function byCtr(socket: string): RuntimeAlone {
  let names: string[] = [];
  const ctr = (...args: string[]) => run("ctr", ["--address", socket, "--namespace", "k8s.io", ...args]);
  return {
    name: "container by ctr alone",
    async start(name) {
      names.push(name);
      const began = performance.now();
      await ctr("run", "--detach", IMAGE, name, ...COMMAND);
      return performance.now() - began;
    },
    async removeAll() {
      for (const name of names) {
        await ctr("task", "kill", "--signal", "SIGKILL", name);
        await ctr("task", "delete", "--force", name);
        await ctr("container", "delete", name);
      }
      names = [];
    },
  };
}

/** A sandbox with its network and a container in it, by the three calls that any kubelet has to make. */
export async function byCri(socket: string): Promise<RuntimeAlone & Disposable> {
  const cri: Cri = await openCri(socket, systemClock);
  let sandboxes: string[] = [];
  return {
    name: "sandbox and container by CRI alone",
    async start(name) {
      const sandboxConfig = {
        metadata: { name, uid: name, namespace: "bench", attempt: 0 },
        logDirectory: "/tmp",
        linux: {},
      };
      const began = performance.now();
      const { podSandboxId } = await cri.call("RuntimeService.RunPodSandbox", { config: sandboxConfig }, CALL);
      sandboxes.push(podSandboxId);
      const config = { metadata: { name: "main", attempt: 0 }, image: { image: IMAGE }, command: COMMAND, linux: {} };
      const { containerId } = await cri.call(
        "RuntimeService.CreateContainer",
        { podSandboxId, config, sandboxConfig },
        CALL,
      );
      await cri.call("RuntimeService.StartContainer", { containerId }, CALL);
      return performance.now() - began;
    },
    async removeAll() {
      for (const podSandboxId of sandboxes) {
        await cri.call("RuntimeService.StopPodSandbox", { podSandboxId }, CALL);
        await cri.call("RuntimeService.RemovePodSandbox", { podSandboxId }, CALL);
      }
      sandboxes = [];
    },
    [Symbol.dispose]: () => cri.close(),
  };
}
