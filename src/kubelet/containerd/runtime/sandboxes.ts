import { mkdir } from "node:fs/promises";
import { RuntimeError, type Sandbox } from "#kubelet";
import { blockContains, parseCidr, parseIp, type Pod } from "#objects";
import { identityOf, LABEL } from "../config/names.ts";
import type { PodSandbox, PodSandboxStatus } from "../cri/messages.ts";
import { CALL_MS, SANDBOX_MS } from "../cri/services.ts";
import { ownLabels, type OwnedCri, type RuntimeContext } from "./context.ts";
import { textOf, unlessGone } from "./ids.ts";
import { removeSandbox } from "./removal.ts";
import { sandboxSettings } from "./settings.ts";

/** All sandboxes of a pod, the newest first. */
export async function sandboxesOf({ cri, options }: OwnedCri, podUid: string): Promise<readonly PodSandbox[]> {
  const filter = { labelSelector: { ...ownLabels(options), [LABEL.podUid]: podUid } };
  const { items } = await cri.call("RuntimeService.ListPodSandbox", { filter }, { timeoutMs: CALL_MS });
  return items.toSorted((a, b) => b.createdAt - a.createdAt);
}

/** Makes the pod's sandbox; earlier ones are stopped. Rejects with a RuntimeError. */
export async function createSandbox(
  pod: Pod,
  attempt: number,
  handler: string | undefined,
  context: RuntimeContext,
): Promise<Sandbox> {
  const { cri, options } = context;
  try {
    const earlier = await sandboxesOf(context, identityOf(pod).uid);
    for (const { id } of earlier) await stopSandbox(id, context);
    // Two of one pod may not have the same number.
    const next = Math.max(attempt, ...earlier.map(({ metadata }) => (metadata?.attempt ?? 0) + 1));
    const config = await sandboxSettings(pod, next, options);
    if (config.logDirectory) await mkdir(config.logDirectory, { recursive: true, mode: 0o755 });
    const request = { config, runtimeHandler: handler ?? "" };
    const { podSandboxId } = await cri.call("RuntimeService.RunPodSandbox", request, { timeoutMs: SANDBOX_MS });
    await removeEmpty(earlier, context);
    const found = await cri.call("RuntimeService.PodSandboxStatus", { podSandboxId }, { timeoutMs: CALL_MS });
    if (!found.status) throw new Error(`sandbox ${podSandboxId} has no status`);
    const sandbox = followSandbox(pod, found.status, context);
    await checkAddresses(pod, sandbox, context);
    return sandbox;
  } catch (error) {
    throw new RuntimeError("FailedCreatePodSandBox", textOf(error));
  }
}

/** Whether the network is the one that the rest of the node reckons with. */
async function checkAddresses(pod: Pod, { id, ips }: Sandbox, context: RuntimeContext): Promise<void> {
  const { podCidr, socket } = context.options;
  const [ip] = ips;
  if (podCidr === undefined || pod.spec?.hostNetwork || ip === undefined || isIn(podCidr, ip)) return;
  await stopSandbox(id, context);
  throw new Error(
    `the pod was given the address ${ip}, which is not in ${podCidr}: the CNI configuration of the containerd at ${socket} has to give addresses of that range (see docs/containers.md)`,
  );
}

/** Whether an address is of a block; not, when either cannot be read. */
export function isIn(cidr: string, ip: string): boolean {
  const block = parseCidr(cidr);
  const address = parseIp(ip);
  return block !== undefined && address !== undefined && blockContains(block, address);
}

/** A sandbox that is there: its addresses, and the news of its death. */
export function followSandbox(pod: Pod, { id, network }: PodSandboxStatus, context: RuntimeContext): Sandbox {
  const own = [network?.ip ?? "", ...(network?.additionalIps ?? []).map(({ ip }) => ip)].filter(Boolean);
  const ips = pod.spec?.hostNetwork ? context.options.nodeIps : own;
  return { id, ips, lost: context.tracker.trackSandbox(id, ips) };
}

/** Ends the sandbox, and whatever runs in it. */
export async function stopSandbox(id: string, { cri, tracker }: RuntimeContext): Promise<void> {
  tracker.forgetSandbox(id);
  await unlessGone(cri.call("RuntimeService.StopPodSandbox", { podSandboxId: id }, { timeoutMs: SANDBOX_MS }));
}

/** Removes sandboxes without a container that may still be asked for. */
export async function removeEmpty(sandboxes: readonly PodSandbox[], context: RuntimeContext): Promise<void> {
  for (const { id } of sandboxes) {
    const filter = { podSandboxId: id };
    const { containers } = await context.cri.call("RuntimeService.ListContainers", { filter }, { timeoutMs: CALL_MS });
    if (containers.length === 0) await removeSandbox(id, context);
  }
}
