import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "#base";
import type { RecordsFile } from "#kubelet";
import { replaceFile } from "../../data-dir/files.ts";

/** Which images were pulled with what, in the node's folder. That it cannot be written fails no pull. */
export function pullRecordsFile(folder: string, log: Log): RecordsFile {
  const path = join(folder, "pulled-images.json");
  return {
    read: () => readFile(path, "utf8").catch(() => undefined),
    async write(text) {
      try {
        await replaceFile(path, text);
      } catch (error) {
        log.error("what images were pulled with could not be written down", { path, error });
      }
    },
  };
}
