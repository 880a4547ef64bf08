import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createScope, silentLog, systemClock, systemRandom, type Scope } from "#base";
import type { AnyContainer, Mount, RunningContainer, Sandbox } from "#kubelet";
import type { Container, Pod, PodSpec } from "#objects";
import { startContainerd, type Containerd } from "../daemon/daemon.ts";
import { architecture } from "../daemon/machine.ts";
import { imageArchive } from "../pause/image.ts";
import type { ContainerdRuntimeOptions } from "../runtime/options.ts";
import { createContainerdRuntime, type ContainerdRuntime } from "../runtime/runtime.ts";
import { staticBusybox } from "./requirements.ts";

export const BUSYBOX = "knarr.dev/busybox:1";

/** A private containerd in a temporary folder, with a busybox image, and a runtime on it. */
export interface ContainerWorld {
  readonly folder: string;
  readonly containerd: Containerd;
  readonly runtime: ContainerdRuntime;
  /** Another runtime, as after a restart of ours. */
  restartRuntime(change?: Partial<ContainerdRuntimeOptions>): Promise<ContainerdRuntime>;
  /** The daemon is supervised from the beginning, as after a restart of Knarr. */
  restartSupervision(): Promise<Containerd>;
  /** Runs a shell script in a container of the pod. */
  run(pod: Pod, sandbox: Sandbox, script: string, more?: RunOptions): Promise<RunningContainer>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly attempt?: number;
  readonly container?: AnyContainer;
  readonly mounts?: readonly Mount[];
}

export async function createContainerWorld(podCidr: string): Promise<ContainerWorld> {
  const busybox = readFileSync(staticBusybox()!);
  const folder = await mkdtemp(join(tmpdir(), "knarr-ctd-"));
  const clock = systemClock;
  let scope: Scope = createScope("containers");
  let runtimeScope: Scope | undefined;
  const supervise = () => startContainerd({ folder: join(folder, "c"), podCidr, clock, log: silentLog, scope });
  let containerd = await supervise();
  await importBusybox(folder, busybox, containerd);
  const makeRuntime = (change: Partial<ContainerdRuntimeOptions> = {}) => {
    runtimeScope = createScope("runtime");
    return createContainerdRuntime({
      socket: containerd.socket,
      clock,
      random: systemRandom,
      log: silentLog,
      scope: runtimeScope,
      rootDir: join(folder, "kubelet"),
      logDir: join(folder, "logs"),
      nodeIps: ["192.0.2.1"],
      clusterDns: ["10.96.0.10"],
      clusterDomain: "cluster.local",
      imageTools: containerd,
      ...change,
    });
  };
  let runtime = await makeRuntime();
  return {
    folder,
    get containerd() {
      return containerd;
    },
    get runtime() {
      return runtime;
    },
    async restartRuntime(change) {
      await runtimeScope?.close();
      runtime = await makeRuntime(change);
      return runtime;
    },
    async restartSupervision() {
      await scope.close();
      scope = createScope("containers again");
      containerd = await supervise();
      return containerd;
    },
    run: (pod, sandbox, script, { attempt = 0, container = pod.spec!.containers[0]!, mounts = [] } = {}) =>
      runtime.startContainer({
        pod,
        sandbox,
        container,
        attempt,
        process: { command: ["/bin/sh", "-c", script], args: [], env: [{ name: "GREETING", value: "hello" }], mounts },
      }),
    async close() {
      await runtime.removeOrphans(new Set());
      await runtimeScope?.close();
      await containerd.stop();
      await scope.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function importBusybox(folder: string, content: Uint8Array, containerd: Containerd): Promise<void> {
  const archive = imageArchive({
    name: BUSYBOX,
    architecture: architecture(),
    files: [
      { type: "directory", path: "bin" },
      { type: "file", path: "bin/busybox", mode: 0o755, content },
      ...["sh", "sleep", "cat", "id", "ip", "hostname", "echo", "ps", "seq", "head", "tr"].map((name) => ({
        type: "symlink" as const,
        path: `bin/${name}`,
        target: "busybox",
      })),
      { type: "directory", path: "etc" },
      {
        type: "file",
        path: "etc/passwd",
        content: Buffer.from("root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"),
      },
      { type: "directory", path: "tmp", mode: 0o1777 },
    ],
    config: { Cmd: ["/bin/sh"], Env: ["PATH=/bin"] },
  });
  const file = join(folder, "busybox.tar");
  await writeFile(file, archive);
  await containerd.importArchive(file);
  await rm(file);
}

let pods = 0;

/** A pod of one container, with fields as the API server sets them. */
export function podOf(spec: Partial<PodSpec> = {}, container: Partial<Container> = {}): Pod {
  const number = ++pods;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `p${number}`,
      namespace: "default",
      uid: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    },
    spec: {
      dnsPolicy: "ClusterFirst",
      containers: [
        {
          name: "main",
          image: BUSYBOX,
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          ...container,
        },
      ],
      ...spec,
    },
  };
}
