import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sleep, type Clock, type Log, type Scope } from "#base";
import { openCri, type Cri } from "../cri/services.ts";
import { detectRuntime, missingText } from "../machine/index.ts";
import { PAUSE_IMAGE, pauseArchive } from "../pause/image.ts";
import { clearTask, isTaskLeft } from "./clear-task.ts";
import { configFile } from "./config-file.ts";
import { endProcess, findDaemon } from "./daemon-process.ts";
import { createImageTools, type ImageTools } from "./image-tools.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { takeInventory } from "./leftovers.ts";
import { architecture, chooseSnapshotter, mayLowerOomScore } from "./machine.ts";
import { networkConfig } from "./network-config.ts";
import { supervise } from "./supervise.ts";
import { sweep } from "./sweep.ts";

export interface ContainerdOptions {
  /** All that the daemon keeps is in this folder. Its path is part of a socket's: at most 80 bytes. */
  readonly folder: string;
  /** Addresses of pods: `10.244.0.0/24`. */
  readonly podCidr: string;
  /** Of the pods' network. Default `knarr0`. */
  readonly bridge?: string;
  /** What CNI knows the pods' network by, on the whole machine. Default `knarr`. */
  readonly networkName?: string;
  /** Layers of one image that come at once. Default 3. */
  readonly maxConcurrentDownloads?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Closing it ends the supervision; the daemon and what it runs stay. */
  readonly scope: Scope;
}

/** A containerd of our own. */
export interface Containerd extends ImageTools {
  readonly socket: string;
  /** `1.6.20` */
  readonly version: string;
  /** A folder for each registry, with `hosts.toml` and certificates; read anew for every pull. */
  readonly registries: string;
  /** Writes down anew how pods are joined to the network: containerd has lost it, and looks whenever it is written. */
  mendNetwork(): Promise<void>;
  /** Removes what is left of a run of a container that has been removed; mostly nothing is. */
  clearTask(containerId: string): Promise<void>;
  /** Ends the daemon. Containers go on running. */
  stop(): Promise<void>;
}

/** How long a daemon may take until it answers. */
const START_MS = 30_000;
const STOP_GRACE_MS = 10_000;
/** Sockets' paths have at most 107 bytes; the longest here is `/containerd.sock.ttrpc`. */
const MAX_FOLDER_BYTES = 80;

/**
 * Starts containerd, or takes over the one that still runs in the folder, and starts it again whenever it ends.
 * Resolves once it answers and has the image of the sandboxes. Throws an Error that says what is missing.
 */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { folder, clock, log, scope } = options;
  if (Buffer.byteLength(folder) > MAX_FOLDER_BYTES)
    throw new Error(`${folder} is too long a path for a socket: at most ${MAX_FOLDER_BYTES} bytes`);
  const layout = layoutOf(folder);
  const found = await detectRuntime();
  if (!found.ok) throw new Error(missingText(found));
  const snapshotter = await configure(options, layout, found.networkPlugins!);

  const cri = await openCri(layout.socket, clock);
  const ready = () => untilReady(cri, clock, scope.signal, layout);
  const ctr = found.programs.get("ctr")!;
  const clearing = { layout, runc: found.programs.get("runc")! };
  const sweeping = { ...clearing, cri, ctr, log };
  // The process that ran it may have been killed with it.
  const inventory = await takeInventory(layout);
  const daemon = await supervise({
    command: found.programs.get("containerd")!,
    args: ["--config", layout.config],
    layout,
    clock,
    log,
    scope,
    async beforeRestart() {
      const leftBehind = await takeInventory(layout);
      return async () => {
        await ready();
        await sweep(leftBehind, sweeping);
      };
    },
  });
  scope.defer(() => cri.close());
  const version = await ready();
  await sweep(inventory, sweeping);
  const tools = createImageTools({ ctr, socket: layout.socket, snapshotter });
  await providePause(cri, folder, tools.importArchive, clock);
  return {
    socket: layout.socket,
    version,
    registries: layout.registries,
    ...tools,
    mendNetwork: () => writeNetwork(options, layout),
    async clearTask(containerId) {
      if (await isTaskLeft(containerId, layout)) await clearTask(containerId, clearing);
    },
    async stop() {
      await daemon.release();
      const pid = await findDaemon(layout.pid, layout.config);
      if (pid !== undefined) await endProcess(pid, STOP_GRACE_MS, clock);
    },
  };
}

/** The process of the daemon of a folder, if it runs. */
export function daemonPid(folder: string): Promise<number | undefined> {
  const { pid, config } = layoutOf(folder);
  return findDaemon(pid, config);
}

/** Writes what the daemon reads. A daemon that runs with something else is stopped: its containers run on. */
async function configure(
  options: ContainerdOptions,
  layout: Layout,
  cniPlugins: string,
): Promise<"overlayfs" | "native"> {
  const { maxConcurrentDownloads = 3, clock } = options;
  for (const path of [layout.root, layout.state, layout.cniConfig, layout.cniAddresses, layout.registries])
    await mkdir(path, { recursive: true, mode: 0o711 });
  const before = await readFile(layout.config, "utf8").catch(() => "");
  // Images that are unpacked one way are not found the other way.
  const snapshotter =
    /^snapshotter = "(overlayfs|native)"$/m.exec(before)?.[1] ?? (await chooseSnapshotter(layout.root));
  const chosen = snapshotter === "native" ? "native" : "overlayfs";
  const config = configFile({
    layout,
    snapshotter: chosen,
    pauseImage: PAUSE_IMAGE,
    cniPlugins,
    maxConcurrentDownloads,
    restrictOomScore: !(await mayLowerOomScore()),
  });
  await writeNetwork(options, layout);
  if (config !== before) {
    const pid = await findDaemon(layout.pid, layout.config);
    if (pid !== undefined) await endProcess(pid, STOP_GRACE_MS, clock);
    await writeFile(layout.config, config, { mode: 0o600 });
  }
  return chosen;
}

async function writeNetwork(options: ContainerdOptions, layout: Layout): Promise<void> {
  const { podCidr, bridge = "knarr0", networkName: name = "knarr" } = options;
  const network = networkConfig({ name, podCidr, bridge, addresses: layout.cniAddresses });
  await writeFile(join(layout.cniConfig, "10-knarr.conflist"), network);
}

async function untilReady(cri: Cri, clock: Clock, signal: AbortSignal, layout: Layout): Promise<string> {
  const due = clock.monotonic() + START_MS;
  for (;;) {
    try {
      const { runtimeVersion } = await cri.call("RuntimeService.Version", {}, { timeoutMs: 5000, signal });
      // It tells its version before it has found its containers again.
      await cri.call("RuntimeService.ListPodSandbox", {}, { timeoutMs: 5000, signal });
      return runtimeVersion.replace(/^v/, "").replace(/[~+].*$/, "");
    } catch (error) {
      if (signal.aborted || clock.monotonic() > due)
        throw new Error(`containerd does not answer; its log is ${layout.log}`, { cause: error });
      await sleep(clock, 50, signal);
    }
  }
}

async function providePause(
  cri: Cri,
  folder: string,
  importArchive: Containerd["importArchive"],
  clock: Clock,
): Promise<void> {
  const isThere = async () => {
    const request = { image: { image: PAUSE_IMAGE } };
    const { image } = await cri.call("ImageService.ImageStatus", request, { timeoutMs: START_MS });
    return image !== null;
  };
  if (await isThere()) return;
  const file = join(folder, "pause.tar");
  await writeFile(file, pauseArchive(architecture()));
  await importArchive(file);
  await rm(file, { force: true });
  // CRI knows it a moment later, and would look for it at a registry until then.
  while (!(await isThere())) await sleep(clock, 20);
}
