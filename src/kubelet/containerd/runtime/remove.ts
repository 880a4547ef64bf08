import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "#base";
import type { Pod } from "#objects";
import { hostsFile, identityOf, LABEL, podFolder, podLogFolder, podOfLogFolder } from "../config/names.ts";
import { CALL_MS } from "../cri/services.ts";
import { ownLabels, type OwnedCri, type RuntimeContext } from "./context.ts";
import { unlessGone } from "./ids.ts";
import { unmountImages } from "./image-volumes.ts";
import type { ContainerdRuntimeOptions } from "./options.ts";
import { removeContainer, removeSandbox } from "./removal.ts";
import { removeEmpty, sandboxesOf, stopSandbox } from "./sandboxes.ts";
import { containersOf } from "./start.ts";

/** Runs of one container that are kept: the current one, and the one before it for `kubectl logs --previous`. */
const KEPT_RUNS = 2;
const REMOVED_AT_ONCE = 6;

/** Takes everything away that is kept of a pod, save its volumes. */
export async function removePod(pod: Pod, context: RuntimeContext): Promise<void> {
  const identity = identityOf(pod);
  await removeFromRuntime(identity.uid, context);
  await rm(podLogFolder(context.options.logDir, identity), { recursive: true, force: true });
  await removeFiles(identity.uid, context.options);
}

async function removeFromRuntime(podUid: string, context: RuntimeContext): Promise<void> {
  const sandboxes = await sandboxesOf(context, podUid);
  for (const { id } of sandboxes) await stopSandbox(id, context);
  for (const { id } of await containersOf(context, podUid)) await removeContainer(id, context);
  for (const { id } of sandboxes) await removeSandbox(id, context);
}

async function removeFiles(podUid: string, options: ContainerdRuntimeOptions): Promise<void> {
  const { rootDir } = options;
  await unmountImages(podUid, options);
  await rm(hostsFile(rootDir, podUid), { force: true });
  await rm(join(podFolder(rootDir, podUid), "containers"), { recursive: true, force: true });
  // As long as a volume is in it, it stays.
  await rmdir(podFolder(rootDir, podUid)).catch(() => {});
}

/** Removes what is left of a container's runs before the last two, with their logs. */
export async function removeEarlierRuns(podUid: string, name: string, context: RuntimeContext): Promise<void> {
  const { cri } = context;
  const runs = (await containersOf(context, podUid)).filter(({ labels }) => labels[LABEL.container] === name);
  for (const { id, state } of runs.slice(KEPT_RUNS)) {
    if (state === "CONTAINER_RUNNING") continue;
    const found = await unlessGone(
      cri.call("RuntimeService.ContainerStatus", { containerId: id }, { timeoutMs: CALL_MS }),
    );
    await removeContainer(id, context);
    if (found?.status?.logPath) await removeLog(found.status.logPath);
  }
  const sandboxes = await sandboxesOf(context, podUid);
  await removeEmpty(
    sandboxes.slice(1).filter(({ state }) => state !== "SANDBOX_READY"),
    context,
  );
}

/** A log and what was rotated away of it. */
async function removeLog(path: string): Promise<void> {
  const folder = join(path, "..");
  const name = path.slice(folder.length + 1);
  const names = await readdir(folder).catch(() => []);
  for (const other of names) {
    if (other === name || other.startsWith(`${name}.`)) await rm(join(folder, other), { force: true });
  }
}

/**
 * Removes what there is of pods that are not known any more: sandboxes, containers, logs, files. What cannot go is
 * left for the next time.
 */
export async function removeOrphans(
  knownPodUids: ReadonlySet<string>,
  context: RuntimeContext,
): Promise<readonly string[]> {
  const { options } = context;
  const logs: readonly string[] = await readdir(options.logDir).catch(() => []);
  const waiting = [...(await podUids(context, logs))].filter((uid) => !knownPodUids.has(uid));
  const gone: string[] = [];
  const remove = async (uid: string) => {
    try {
      await removeFromRuntime(uid, context);
      await removeFiles(uid, options);
      for (const folder of logs.filter((name) => podOfLogFolder(name) === uid))
        await rm(join(options.logDir, folder), { recursive: true, force: true });
      gone.push(uid);
    } catch (error) {
      options.log.warn("what is left of a pod could not be removed", { pod: uid, error: messageOf(error) });
    }
  };
  const work = async () => {
    for (let uid = waiting.pop(); uid !== undefined; uid = waiting.pop()) await remove(uid);
  };
  await Promise.all(Array.from({ length: REMOVED_AT_ONCE }, work));
  return gone;
}

/** Of all pods that have something here. */
async function podUids({ cri, options }: OwnedCri, logs: readonly string[]): Promise<ReadonlySet<string>> {
  const filter = { labelSelector: ownLabels(options) };
  const { items } = await cri.call("RuntimeService.ListPodSandbox", { filter }, { timeoutMs: CALL_MS });
  const { containers } = await cri.call("RuntimeService.ListContainers", { filter }, { timeoutMs: CALL_MS });
  const labelled = [...items, ...containers].map(({ labels }) => labels[LABEL.podUid] ?? "");
  return new Set([...labelled, ...logs.map(podOfLogFolder)].filter(Boolean));
}
