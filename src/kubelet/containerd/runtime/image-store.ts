import { statfs } from "node:fs/promises";
import type { ImageStore } from "#kubelet";
import { CALL_MS, type Cri } from "../cri/services.ts";
import { PAUSE_IMAGE } from "../pause/image.ts";
import type { Images } from "./images.ts";

/** The images as something that takes room on a disk. */
export function createImageStore(cri: Cri, images: Pick<Images, "refresh">): ImageStore {
  return {
    async list() {
      const listed = await cri.call("ImageService.ListImages", {}, { timeoutMs: CALL_MS });
      return listed.images.map(({ id, repoDigests, repoTags, size, pinned }) => ({
        id,
        names: [...repoDigests, ...repoTags],
        bytes: size,
        pinned: pinned || repoTags.includes(PAUSE_IMAGE),
      }));
    },
    async remove(id) {
      await cri.call("ImageService.RemoveImage", { image: { image: id } }, { timeoutMs: CALL_MS });
      await images.refresh();
    },
    async usage() {
      const { imageFilesystems } = await cri.call("ImageService.ImageFsInfo", {}, { timeoutMs: CALL_MS });
      const mountpoint = imageFilesystems[0]?.fsId?.mountpoint;
      if (!mountpoint) throw new Error("the runtime does not say where its images are");
      const { blocks, bavail, bsize } = await statfs(mountpoint);
      return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize };
    },
  };
}
