import { realpathSync } from "node:fs";
import type { Clock, Log, Random } from "#base";
import type { DiskUse, PullContext, Quantities, Sources, Volumes } from "#kubelet";
import type { Pod } from "#objects";
import { runPatiently as runAlone, type RunCommand } from "#programs";
import { createKeyedTurns } from "./keyed-turns.ts";
import { createCsi, type CsiOptions } from "./csi/index.ts";
import { createLayout, type Layout } from "./layout.ts";
import { diskUse } from "./linux/disk-use.ts";
import { createMounter } from "./linux/mounter.ts";
import { readWithin } from "./linux/sub-path.ts";
import { MountResolver } from "./mount-resolver.ts";
import type { VolumeHost, VolumePlugin } from "./plugin.ts";
import { builtInPlugins } from "./plugins/built-in.ts";
import { EMPTY_DIR } from "./plugins/empty-dir.ts";
import { kindOf } from "./pod-facts.ts";
import { PodVolumes } from "./pod-volumes.ts";
import { Orphans } from "./orphans.ts";
import { removeDirectory, removeVolumes } from "./remove.ts";

export interface VolumesOptions {
  /** The kubelet's directory, absolute: volumes are at `pods/<uid>/volumes/…` below it. */
  readonly rootDir: string;
  readonly sources: Sources;
  /** Runs mount(8) and umount(8). */
  readonly run: RunCommand;
  /** Runs what another machine or a device may hold up, beside others; default: each as a process of its own. */
  readonly runPatiently?: RunCommand;
  /** For image volumes; without it there are none. */
  readonly images?: PullContext["runtime"];
  /** What the node can give its pods. */
  readonly allocatable: () => Quantities;
  /** Of the node, by now; undefined: not known, and not checked. */
  readonly nodeLabels?: () => Readonly<Record<string, string>> | undefined;
  /** Whether the runtime can mount read-only with everything below. */
  readonly recursiveReadOnly?: boolean;
  /** For volumes of CSI drivers; without it there are none. */
  readonly csi?: CsiOptions;
  /** More kinds of volumes than the built-in ones. */
  readonly plugins?: (host: VolumeHost) => readonly VolumePlugin[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** {@link Volumes} of a Linux node. */
export interface NodeVolumes extends Volumes {
  /** Makes the kubelet's directory ready, which exists: what containers mount in it is to be mounted on the node too. */
  prepare(): Promise<void>;
  /**
   * Removes what is left on the node of pods that are not known any more; to be called before pods start.
   * `known`: the uids of the node's pods that have not ended. Rejects with an AggregateError after all have been tried.
   */
  removeOrphans(known: ReadonlySet<string>): Promise<void>;
  /** Takes the kubelet's directory away, with all that is in it. */
  removeAll(): Promise<void>;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there yet, or no more.
    return path;
  }
}

/** Variables are small. */
const MAX_FILE_BYTES = 1024 * 1024;

function hostOf(options: VolumesOptions): VolumeHost & { readonly rootDir: string } {
  const { clock, random, allocatable, runPatiently = runAlone, nodeLabels = () => undefined } = options;
  // Mounts are listed by their real paths.
  const rootDir = realPath(options.rootDir);
  return {
    rootDir,
    layout: createLayout(rootDir),
    mounter: createMounter(options.run, runPatiently),
    run: runPatiently,
    turns: createKeyedTurns(),
    nodeLabels,
    allocatable,
    now: () => clock.now(),
    chance: () => random.next(),
  };
}

/** Brings volumes onto this machine, in the mount namespace of this process. */
export function createVolumes(options: VolumesOptions): NodeVolumes {
  const { sources, clock, log } = options;
  const host = hostOf(options);
  const { layout, mounter, rootDir } = host;
  const csi = options.csi && createCsi(options.csi, host, rootDir, { clock, log });
  const plugins = [...builtInPlugins(host), ...(csi ? [csi.plugin] : []), ...(options.plugins?.(host) ?? [])];
  const pods = new Map<string, PodVolumes>();
  let closed = false;
  const removal = { layout, mounter, plugins };
  const orphans = new Orphans(removal, clock, log);
  const resolver = new MountResolver({
    layout,
    mounter,
    sources,
    images: options.images,
    recursiveReadOnly: options.recursiveReadOnly ?? false,
    log,
    volumeOf: (pod, volume) => pods.get(uidOf(pod))?.get(volume),
  });

  return {
    async mount(pod, listener = {}) {
      if (closed) throw new Error("the node's volumes are closed");
      const uid = uidOf(pod);
      const known =
        pods.get(uid) ??
        new PodVolumes(pod, {
          plugins,
          host,
          sources: sources.of(pod),
          listener,
          isMountedElsewhere: (name) => [...pods].some(([other, volumes]) => other !== uid && volumes.has(name)),
          clock,
          log,
        });
      pods.set(uid, known);
      await known.mount(pod);
    },
    update: (pod) => pods.get(uidOf(pod))?.update(pod),
    mountsOf: (pod, container, env) => resolver.mountsOf(pod, container, env),
    devicesOf: (pod, container) => resolver.devicesOf(pod, container),
    async readFile(pod, volume, path) {
      const content = pods.get(uidOf(pod))?.get(volume)?.content;
      if (content?.type !== "path") throw new Error(`cannot find the volume "${volume}" referenced by FileKeyRef`);
      try {
        return await readWithin(content.path, path, MAX_FILE_BYTES);
      } catch (error) {
        log.warn("a file of variables cannot be read", { volume, path, error });
        throw new Error("couldn't parse env file", { cause: error });
      }
    },
    usage: (pod) => usageOf(pod, layout),
    async unmount(pod) {
      const uid = uidOf(pod);
      await pods.get(uid)?.close();
      pods.delete(uid);
      await removeVolumes(uid, removal);
    },
    async prepare() {
      await mounter.makeShared(rootDir);
      await csi?.start();
    },
    removeAll: () => removeDirectory(rootDir, mounter),
    removeOrphans: (known) => orphans.remove((uid) => known.has(uid) || pods.has(uid)),
    async close() {
      closed = true;
      await orphans.close();
      await csi?.close();
      await Promise.all([...pods.values()].map((volumes) => volumes.close()));
      pods.clear();
    },
  };
}

/** What the pod's emptyDirs take on disk. Those in memory are bounded by their size, and on no disk. */
async function usageOf(pod: Pod, layout: Layout): Promise<ReadonlyMap<string, DiskUse>> {
  const usage = new Map<string, DiskUse>();
  for (const volume of pod.spec?.volumes ?? []) {
    if (kindOf(volume) !== "emptyDir" || volume.emptyDir?.medium === "Memory") continue;
    usage.set(volume.name, await diskUse(layout.volumeDir(uidOf(pod), EMPTY_DIR, volume.name)));
  }
  return usage;
}

const uidOf = ({ metadata }: Pod): string => metadata.uid ?? "";
