import { realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";
import type { Clock, Log, Random } from "#base";
import {
  ensureImageExists,
  RuntimeError,
  type AnyContainer,
  type DiskUse,
  type Mount,
  type PullContext,
  type Quantities,
  type Sources,
  type Volumes,
} from "#kubelet";
import type { Pod } from "#objects";
import { planMounts, type PlannedMount } from "./container-mounts.ts";
import { createLayout } from "./layout.ts";
import { diskUse } from "./linux/disk-use.ts";
import { ifThere, textOf } from "./linux/errors.ts";
import type { RunCommand } from "#programs";
import { createMounter } from "./linux/mounter.ts";
import { bindSubPath, makeSubPath, readWithin } from "./linux/sub-path.ts";
import type { VolumeHost, VolumePlugin } from "./plugin.ts";
import { kindOf } from "./pod-facts.ts";
import { EMPTY_DIR } from "./plugins/empty-dir.ts";
import { builtInPlugins } from "./plugins/built-in.ts";
import { PodVolumes } from "./pod-volumes.ts";
import { removeDirectory, removeVolumes } from "./remove.ts";

export interface VolumesOptions {
  /** The kubelet's directory, absolute: volumes are at `pods/<uid>/volumes/…` below it. */
  readonly rootDir: string;
  readonly sources: Sources;
  /** Runs mount(8) and umount(8). */
  readonly run: RunCommand;
  /** For image volumes; without it there are none. */
  readonly images?: PullContext["runtime"];
  /** What the node can give its pods. */
  readonly allocatable: () => Quantities;
  /** Whether the runtime can mount read-only with everything below. */
  readonly recursiveReadOnly?: boolean;
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

/** Brings volumes onto this machine, in the mount namespace of this process. */
export function createVolumes(options: VolumesOptions): NodeVolumes {
  const { sources, clock, random, log, allocatable } = options;
  // Mounts are listed by their real paths.
  const rootDir = realPath(options.rootDir);
  const layout = createLayout(rootDir);
  const mounter = createMounter(options.run);
  const host: VolumeHost = {
    layout,
    mounter,
    allocatable,
    now: () => clock.now(),
    chance: () => random.next(),
  };
  const plugins = [...builtInPlugins(host), ...(options.plugins?.(host) ?? [])];
  const pods = new Map<string, PodVolumes>();
  let closed = false;
  const uidOf = ({ metadata }: Pod) => metadata.uid ?? "";

  return {
    async mount(pod, onStale = () => {}) {
      if (closed) throw new Error("the node's volumes are closed");
      const uid = uidOf(pod);
      const known =
        pods.get(uid) ?? new PodVolumes(pod, { plugins, layout, sources: sources.of(pod), onStale, clock, log });
      pods.set(uid, known);
      await known.mount(pod);
    },
    update: (pod) => pods.get(uidOf(pod))?.update(pod),
    async mountsOf(pod, container, env) {
      try {
        const planned = planMounts(container, env, options.recursiveReadOnly ?? false);
        const mounts: Mount[] = [];
        for (const [index, mount] of planned.entries()) {
          mounts.push(await resolveMount(pod, container, mount, index));
        }
        return mounts;
      } catch (error) {
        if (error instanceof RuntimeError) throw error;
        throw new RuntimeError("CreateContainerConfigError", textOf(error));
      }
    },
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
    async usage(pod) {
      const usage = new Map<string, DiskUse>();
      for (const volume of pod.spec?.volumes ?? []) {
        // Those in memory are bounded by their size, and on no disk.
        if (kindOf(volume) !== "emptyDir" || volume.emptyDir?.medium === "Memory") continue;
        usage.set(volume.name, await diskUse(layout.volumeDir(uidOf(pod), EMPTY_DIR, volume.name)));
      }
      return usage;
    },
    async unmount(pod) {
      const uid = uidOf(pod);
      await pods.get(uid)?.close();
      pods.delete(uid);
      await removeVolumes(uid, { layout, mounter, plugins });
    },
    prepare: () => mounter.makeShared(rootDir),
    removeAll: () => removeDirectory(rootDir, mounter),
    async removeOrphans(known) {
      const errors: unknown[] = [];
      for (const uid of (await ifThere(readdir(layout.pods))) ?? []) {
        if (known.has(uid) || pods.has(uid)) continue;
        try {
          await removeVolumes(uid, { layout, mounter, plugins });
          await removeDirectory(layout.podDir(uid), mounter);
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, "volumes of pods that are gone could not be removed");
    },
    async close() {
      closed = true;
      await Promise.all([...pods.values()].map((volumes) => volumes.close()));
      pods.clear();
    },
  };

  async function resolveMount(pod: Pod, container: AnyContainer, mount: PlannedMount, index: number): Promise<Mount> {
    const { volume, containerPath, subPath, recursiveReadOnly, propagation } = mount;
    const ready = pods.get(uidOf(pod))?.get(volume);
    if (!ready) throw new Error(`cannot find volume "${volume}" to mount into container "${container.name}"`);
    const common = { containerPath, readOnly: mount.readOnly || ready.readOnly, recursiveReadOnly, propagation };
    const { content } = ready;
    if (content.type === "image") {
      const { images: runtime } = options;
      if (!runtime) throw new RuntimeError("ErrImagePull", "this node has no images to mount");
      const context = { runtime, podSources: () => sources.of(pod) };
      const { id } = await ensureImageExists(pod, content.reference, content.pullPolicy, context);
      return { ...common, image: id, hostPath: subPath };
    }
    if (subPath === "") return { ...common, hostPath: content.path };
    const target = layout.subPathTarget(uidOf(pod), volume, container.name, index);
    return { ...common, hostPath: await prepareSubPath(content.path, subPath, target, volume, container.name) };
  }

  /** What goes wrong is logged and not told: it might say something of the node's files. */
  async function prepareSubPath(path: string, subPath: string, target: string, volume: string, container: string) {
    const about = `for volumeMount "${volume}" of container "${container}"`;
    try {
      await makeSubPath(path, subPath);
    } catch (error) {
      log.warn("a sub path could not be made", { volume, container, error });
      throw new Error(`failed to create subPath directory ${about}`, { cause: error });
    }
    try {
      return await bindSubPath(mounter, path, subPath, target);
    } catch (error) {
      log.warn("a sub path could not be bound", { volume, container, error });
      throw new Error(`failed to prepare subPath ${about}`, { cause: error });
    }
  }
}
