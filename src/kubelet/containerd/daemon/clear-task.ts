import { access, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "#programs";
import type { Layout } from "./layout.ts";

export interface ClearTaskOptions {
  readonly layout: Layout;
  /** runc's path. */
  readonly runc: string;
}

/**
 * Removes what is left of a run that containerd knows nothing of any more: its cgroups, mounts and folder. A shim
 * that was killed can leave them, when what containerd does after its death fails or is interrupted.
 */
export async function clearTask(container: string, { runc, layout }: ClearTaskOptions): Promise<void> {
  // Its cgroups go with it. It need not have come so far.
  await runCommand(runc, ["--root", join(layout.runc, "k8s.io"), "delete", "--force", container]).catch(() => {});
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const mounted = table.split("\n").map((line) => line.split(" ")[4] ?? "");
  const own = (path: string) => path.startsWith(layout.state) && path.includes(`/${container}/`);
  for (const path of mounted.filter(own).toReversed()) await runCommand("umount", ["--lazy", path]);
  await rm(folderOf(container, layout), { recursive: true, force: true });
}

/** Whether there is anything to be cleared of a container's run. */
export const isTaskLeft = (container: string, layout: Layout): Promise<boolean> =>
  access(folderOf(container, layout)).then(
    () => true,
    () => false,
  );

const folderOf = (container: string, layout: Layout) => join(layout.tasks, container);
