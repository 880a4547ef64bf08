import { RuntimeError } from "#kubelet";
import { containerStatuses, type LifecycleHandler, type Pod } from "#objects";
import type { RuntimeContext } from "./context.ts";
import { execHook } from "./exec.ts";
import { criId } from "./ids.ts";

/** Runs a hook in the container or over the network. Rejects with a RuntimeError when it fails. */
export async function runHook(
  id: string,
  handler: LifecycleHandler,
  pod: Pod,
  signal: AbortSignal,
  { cri, tracker, options }: RuntimeContext,
): Promise<void> {
  if (handler.exec?.command) return execHook(cri, id, handler.exec.command, signal);
  if (!options.networkHook) throw new RuntimeError("FailedHook", "no way to the network");
  const tracked = tracker.find(criId(id));
  const status = containerStatuses(pod).find(({ containerID }) => containerID === id);
  await options.networkHook({
    handler,
    pod,
    containerName: tracked?.name ?? status?.name ?? "",
    ip: (tracked && tracker.addressOf(tracked.sandboxId)) ?? pod.status?.podIP,
    signal,
  });
}
