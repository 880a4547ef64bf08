import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Pod } from "#objects";
import { ifThere } from "../linux/errors.ts";
import { mountAt } from "../linux/mount-info.ts";
import { giveToGroup } from "../linux/ownership.ts";
import type { VolumeHost } from "../plugin.ts";
import { fsGroupOf, memoryBytes } from "../pod-facts.ts";

export interface DirectoryRequest {
  readonly pod: Pod;
  readonly path: string;
  /** There once the directory is ready. */
  readonly readyFile: string;
  readonly medium: "disk" | "memory";
  readonly sizeLimit?: string | undefined;
}

const OPEN = 0o777;

/** Makes a directory that the pod's group may write to, on disk or in memory; one that is ready stays as it is. */
export async function setUpDirectory(host: VolumeHost, request: DirectoryRequest): Promise<void> {
  const { pod, path, readyFile, medium, sizeLimit } = request;
  const inMemory = medium === "memory";
  const isMounted = inMemory && mountAt(await host.mounter.list(), path)?.type === "tmpfs";
  const isThere = (await ifThere(stat(path))) !== undefined;
  if (isThere && isMounted === inMemory && (await ifThere(stat(readyFile)))) return;

  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  await mkdir(path, { recursive: true });
  if (!isMounted) await chmod(path, OPEN);
  if (inMemory && !isMounted) {
    await host.mounter.tmpfs(path, memoryBytes(pod, sizeLimit, host.allocatable()["memory"]));
  }
  const gid = fsGroupOf(pod);
  if (gid !== undefined) await giveToGroup(path, { gid, readOnly: false });
  await mkdir(dirname(readyFile), { recursive: true, mode: 0o750 });
  await writeFile(readyFile, "");
}
