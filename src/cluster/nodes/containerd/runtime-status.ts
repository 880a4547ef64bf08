import type { Log } from "#base";
import type { ContainerdRuntime } from "#kubelet/containerd";
import type { NodeDaemon } from "./daemon.ts";

const STATUS_MS = 10_000;

/** Whether the runtime and the network of pods are ready, as containerd says; a network that is lost is set up again. */
export async function conditionsOf({ cri }: ContainerdRuntime, { mendNetwork }: NodeDaemon, log: Log) {
  const { status } = await cri.call("RuntimeService.Status", {}, { timeoutMs: STATUS_MS });
  const conditions = status?.conditions ?? [];
  // It is ours to write: another program may have removed it.
  if (conditions.some(({ type, status: holds }) => type === "NetworkReady" && !holds))
    await mendNetwork?.().catch((error: unknown) => log.error("the pods' network could not be set up", { error }));
  return conditions;
}

/** What the runtime can do, as part of the node's description. */
export async function featuresOf({ cri }: ContainerdRuntime) {
  const { features } = await cri.call("RuntimeService.Status", {}, { timeoutMs: STATUS_MS });
  return features ? { features: { supplementalGroupsPolicy: features.supplementalGroupsPolicy } } : {};
}
