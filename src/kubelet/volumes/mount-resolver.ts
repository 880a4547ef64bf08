import type { Log } from "#base";
import {
  ensureImageExists,
  RuntimeError,
  type AnyContainer,
  type Device,
  type Mount,
  type PullContext,
  type Sources,
} from "#kubelet";
import type { Pod } from "#objects";
import { planMounts, type PlannedMount } from "./container-mounts.ts";
import type { Layout } from "./layout.ts";
import { textOf } from "./linux/errors.ts";
import type { Mounter } from "./linux/mounter.ts";
import { bindSubPath, makeSubPath } from "./linux/sub-path.ts";
import type { ReadyVolume, VolumeContent } from "./plugin.ts";

export interface MountResolverOptions {
  readonly layout: Layout;
  readonly mounter: Mounter;
  readonly sources: Sources;
  /** For image volumes; without it there are none. */
  readonly images: PullContext["runtime"] | undefined;
  readonly recursiveReadOnly: boolean;
  readonly log: Log;
  /** A volume of the pod that is ready. */
  readonly volumeOf: (pod: Pod, volume: string) => ReadyVolume | undefined;
}

/** Finds what the mounts of containers are on the node; makes sub paths, and fetches images. */
export class MountResolver {
  readonly #options: MountResolverOptions;

  constructor(options: MountResolverOptions) {
    this.#options = options;
  }

  /** The container's mounts in their order. Rejects with a RuntimeError. */
  async mountsOf(pod: Pod, container: AnyContainer, env: ReadonlyMap<string, string>): Promise<readonly Mount[]> {
    try {
      const mounts: Mount[] = [];
      for (const [index, mount] of planMounts(container, env, this.#options.recursiveReadOnly).entries()) {
        mounts.push(await this.#resolve(pod, container, mount, index));
      }
      return mounts;
    } catch (error) {
      if (error instanceof RuntimeError) throw error;
      throw new RuntimeError("CreateContainerConfigError", textOf(error));
    }
  }

  async #resolve(pod: Pod, container: AnyContainer, mount: PlannedMount, index: number): Promise<Mount> {
    const { volume, containerPath, subPath, recursiveReadOnly, propagation } = mount;
    const ready = this.#options.volumeOf(pod, volume);
    if (!ready) throw new Error(`cannot find volume "${volume}" to mount into container "${container.name}"`);
    const common = { containerPath, readOnly: mount.readOnly || ready.readOnly, recursiveReadOnly, propagation };
    const { content } = ready;
    if (content.type === "device") throw new Error(`volume "${volume}" is a block device`);
    if (content.type === "image") return { ...common, image: await this.#imageOf(pod, content), hostPath: subPath };
    if (subPath === "") return { ...common, hostPath: content.path };
    const target = this.#options.layout.subPathTarget(pod.metadata.uid ?? "", volume, container.name, index);
    return { ...common, hostPath: await this.#prepareSubPath(content.path, subPath, target, volume, container.name) };
  }

  /** The container's devices in their order. Rejects with a RuntimeError. */
  async devicesOf(pod: Pod, { name, volumeDevices = [] }: AnyContainer): Promise<readonly Device[]> {
    return volumeDevices.map(({ name: volume, devicePath }) => {
      const ready = this.#options.volumeOf(pod, volume);
      if (ready?.content.type !== "device") {
        throw new RuntimeError(
          "CreateContainerConfigError",
          `cannot find volume "${volume}" to pass into container "${name}"`,
        );
      }
      return { hostPath: ready.content.path, containerPath: devicePath, permissions: ready.readOnly ? "r" : "mrw" };
    });
  }

  async #imageOf(pod: Pod, content: Extract<VolumeContent, { readonly type: "image" }>): Promise<string> {
    const { images: runtime, sources } = this.#options;
    if (!runtime) throw new RuntimeError("ErrImagePull", "this node has no images to mount");
    const context = { runtime, podSources: () => sources.of(pod) };
    const { id } = await ensureImageExists(pod, content.reference, content.pullPolicy, context);
    return id;
  }

  /** What goes wrong is logged and not told: it might say something of the node's files. */
  async #prepareSubPath(path: string, subPath: string, target: string, volume: string, container: string) {
    const { mounter, log } = this.#options;
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
