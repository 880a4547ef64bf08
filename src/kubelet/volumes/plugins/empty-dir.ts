import { goQuote } from "#objects";
import type { VolumeHost, VolumePlugin } from "../plugin.ts";
import { kindOf } from "../pod-facts.ts";
import { setUpDirectory } from "./directory.ts";

/** What their folder on the node is called. */
export const EMPTY_DIR = "kubernetes.io~empty-dir";

/** Empty at first, and gone with the pod. A volume without any source is one, too. */
export function emptyDirPlugin(host: VolumeHost): VolumePlugin {
  return {
    directory: EMPTY_DIR,
    supports: ({ volume }) => kindOf(volume) === "emptyDir",
    async setUp({ pod, volume, path }) {
      const { medium = "", sizeLimit } = volume.emptyDir ?? {};
      if (medium.startsWith("HugePages")) {
        throw new Error(`storage medium ${goQuote(medium)} is not supported by this node`);
      }
      if (medium !== "" && medium !== "Memory") throw new Error(`unknown storage medium ${goQuote(medium)}`);
      const readyFile = host.layout.readyFile(pod.metadata.uid ?? "", volume.name);
      await setUpDirectory(host, { pod, path, readyFile, medium: medium === "" ? "disk" : "memory", sizeLimit });
      return { content: { type: "path", path }, readOnly: false };
    },
  };
}
