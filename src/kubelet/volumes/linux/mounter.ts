import { readFile } from "node:fs/promises";
import { messageOf } from "#base";
import type { RunCommand } from "#programs";
import { exitCodeOf } from "./errors.ts";
import { mountAt, mountHolding, mountsUnder, parseMountInfo, type MountPoint } from "./mount-info.ts";

/** Mounts in the mount namespace of this process, by mount(8). Paths are absolute. Rejects with an Error. */
export interface Mounter {
  list(): Promise<readonly MountPoint[]>;
  /** Memory as a file system of at most so many bytes; where the kernel can do that it is never swapped out. */
  tmpfs(path: string, bytes: number | undefined): Promise<void>;
  /** `options`: `["ro"]`. */
  bind(source: string, target: string, options?: readonly string[]): Promise<void>;
  /** Any other file system: `ext4`, `nfs`. It may take its time. */
  mount(source: string, target: string, type: string, options: readonly string[]): Promise<void>;
  /**
   * Lets mounts in a directory propagate to mount namespaces that share it, and theirs to here (upstream MakeRShared).
   * Unless the mount that it is on does so anyway, the directory becomes a mount of its own, if nothing is mounted in
   * it yet.
   */
  makeShared(path: string): Promise<void>;
  /** Removes what is mounted at a path and below it. */
  unmountUnder(path: string): Promise<void>;
}

/**
 * `execute` runs mount(8) and umount(8); `patient` the same for what another machine or a device may hold up, so that
 * nothing else waits.
 */
export function createMounter(execute: RunCommand, patient: RunCommand = execute): Mounter {
  let noSwap = true;
  const run = async (command: "mount" | "umount", args: readonly string[], by = execute) => {
    try {
      await by(command, args);
    } catch (error) {
      throw new Error(failureText(command, args, error), { cause: error });
    }
  };

  const list = async () => parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
  const bind = (source: string, target: string, options: readonly string[] = []) =>
    run("mount", ["--no-canonicalize", "--bind", ...optionsOf(options), source, target]);
  return {
    list,
    async tmpfs(path, bytes) {
      const size = bytes === undefined ? [] : [`size=${bytes}`];
      const mount = (options: readonly string[]) => run("mount", ["-t", "tmpfs", ...optionsOf(options), "tmpfs", path]);
      if (noSwap) {
        try {
          return await mount([...size, "noswap"]);
        } catch {
          // Kernels before 6.3 do not know it; if it was something else, that shows now.
        }
      }
      await mount(size);
      noSwap = false;
    },
    // As it is: what the source stands for has been opened, its name may mean something else by now.
    bind,
    mount: (source, target, type, options) =>
      run("mount", ["-t", type, ...optionsOf(options), source, target], patient),
    async makeShared(path) {
      const mounts = await list();
      if (mountHolding(mounts, path)?.shared) return;
      if (!mountAt(mounts, path)) {
        // It would be hidden, and may be in use.
        if (mountsUnder(mounts, path).length > 0) return;
        await bind(path, path);
      }
      await run("mount", ["--make-rshared", path]);
    },
    async unmountUnder(path) {
      for (const mount of mountsUnder(await list(), path)) {
        try {
          await run("umount", ["--no-canonicalize", mount.path]);
        } catch (error) {
          // Gone with another that it was part of.
          if (!mountsUnder(await list(), mount.path).length) continue;
          throw error;
        }
      }
    },
  };
}

const optionsOf = (options: readonly string[]) => (options.length > 0 ? ["-o", options.join(",")] : []);

/** As upstream's mount-utils say it; without an exit code (the program is missing, or was ended) only why. */
function failureText(command: "mount" | "umount", args: readonly string[], error: unknown): string {
  const code = exitCodeOf(error);
  const [output, given] = [messageOf(error), args.join(" ")];
  const status = typeof code === "number" ? `exit status ${code}` : output;
  return command === "mount"
    ? `mount failed: ${status}\nMounting command: mount\nMounting arguments: ${given}\nOutput: ${output}\n`
    : `unmount failed: ${status}\nUnmounting arguments: ${given}\nOutput: ${output}`;
}
