import type { VolumePlugin } from "../plugin.ts";

/** What is in an image. The runtime mounts it: here is nothing to be done. */
export const imagePlugin: VolumePlugin = {
  directory: "kubernetes.io~image",
  supports: ({ volume }) => volume.image !== undefined,
  setUp({ volume }) {
    const { reference = "", pullPolicy = "IfNotPresent" } = volume.image ?? {};
    return Promise.resolve({ content: { type: "image", reference, pullPolicy }, readOnly: true });
  },
};
