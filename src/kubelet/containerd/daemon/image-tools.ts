import { execFile } from "node:child_process";
import { mkdir, readFile, rmdir } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What CRI has no calls for. */
export interface ImageTools {
  /** Takes the images of an archive (OCI layout or `docker save`) in. Resolves to their names. */
  importArchive(file: string): Promise<readonly string[]>;
  /** Makes what is in an image appear in a folder, read-only. Done twice, it is the same as once. */
  mountImage(image: string, folder: string): Promise<void>;
  /** The folder goes, too. */
  unmountImage(folder: string): Promise<void>;
}

export interface ImageToolsOptions {
  /** containerd's own client. */
  readonly ctr: string;
  readonly socket: string;
  readonly snapshotter: string;
}

/** Makes {@link ImageTools}. Their promises reject with an Error that has the client's words. */
export function createImageTools({ ctr, socket, snapshotter }: ImageToolsOptions): ImageTools {
  const images = async (command: string, ...args: readonly string[]): Promise<string> => {
    const common = ["--address", socket, "--namespace", "k8s.io", "images", command, "--snapshotter", snapshotter];
    try {
      return (await run(ctr, [...common, ...args])).stdout;
    } catch (error) {
      const { stderr } = error as { readonly stderr?: string };
      throw new Error(stderr?.trim().replace(/^ctr: /, "") || String(error), { cause: error });
    }
  };
  return {
    async importArchive(file) {
      const stdout = await images("import", file);
      // Older clients tell what they unpack, newer ones what they have saved.
      return [...stdout.matchAll(/^unpacking (\S+) |^(\S+)\s+saved/gm)].map(([, name, saved]) => name ?? saved!);
    },
    async mountImage(image, folder) {
      if (await isMounted(folder)) return;
      await mkdir(folder, { recursive: true, mode: 0o755 });
      await images("mount", image, folder);
    },
    async unmountImage(folder) {
      if (await isMounted(folder)) await images("unmount", "--rm", folder);
      await rmdir(folder);
    },
  };
}

async function isMounted(folder: string): Promise<boolean> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table.split("\n").some((line) => line.split(" ")[4] === folder);
}
