import { createHash } from "node:crypto";
import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Mount } from "#kubelet";
import { podFolder } from "../config/names.ts";
import type { ContainerdRuntimeOptions } from "./options.ts";

type Options = Pick<ContainerdRuntimeOptions, "rootDir" | "imageTools">;

const folderOf = (rootDir: string, podUid: string): string => join(podFolder(rootDir, podUid), "image-volumes");

/** Whether a containerd mounts images by itself: since 2.1. */
export function mountsImages(version: string): boolean {
  const [major = 0, minor = 0] = version
    .replace(/^.*?(?=\d)/, "")
    .split(".")
    .map(Number);
  return major > 2 || (major === 2 && minor >= 1);
}

/** Makes the images that are to be mounted into folders of the node, for a runtime that cannot mount them itself. */
export async function mountImages(
  podUid: string,
  mounts: readonly Mount[],
  options: Options,
): Promise<readonly Mount[]> {
  const { rootDir, imageTools } = options;
  if (!imageTools) return mounts;
  const resolved: Mount[] = [];
  for (const mount of mounts) {
    const { image, ...rest } = mount;
    if (image === undefined) resolved.push(mount);
    else {
      const name = createHash("sha256").update(image).digest("hex").slice(0, 16);
      const folder = join(folderOf(rootDir, podUid), name);
      await imageTools.mountImage(image, folder);
      // Nothing that a path says leads out of the image, but what the image's own links say.
      resolved.push({ ...rest, hostPath: join(folder, join("/", mount.hostPath)) });
    }
  }
  return resolved;
}

/** Takes the images of a pod's volumes away. */
export async function unmountImages(podUid: string, { rootDir, imageTools }: Options): Promise<void> {
  const folder = folderOf(rootDir, podUid);
  for (const name of await readdir(folder).catch((): string[] => []))
    await imageTools?.unmountImage(join(folder, name));
  await rmdir(folder).catch(() => {});
}
