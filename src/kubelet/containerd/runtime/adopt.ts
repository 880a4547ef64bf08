import { messageOf } from "#base";
import type { AdoptedContainer, AdoptedPod } from "#kubelet";
import type { Pod } from "#objects";
import { ANNOTATION, identityOf, LABEL } from "../config/names.ts";
import type { Container, PodSandboxStatus } from "../cri/messages.ts";
import { CALL_MS } from "../cri/services.ts";
import type { RuntimeContext } from "./context.ts";
import { exitOf } from "./exit.ts";
import { unlessGone } from "./ids.ts";
import { removeContainer } from "./removal.ts";
import { followSandbox, isIn, sandboxesOf } from "./sandboxes.ts";
import { containersOf, running, statusOf } from "./start.ts";

/** What is still there of a pod; undefined when nothing is. Nothing is restarted. */
export async function adoptPod(pod: Pod, context: RuntimeContext): Promise<AdoptedPod | undefined> {
  const { uid } = identityOf(pod);
  const [sandboxes, listed] = await Promise.all([sandboxesOf(context, uid), containersOf(context, uid)]);
  if (sandboxes.length === 0 && listed.length === 0) return undefined;
  const status = await usableSandbox(pod, sandboxes.find(({ state }) => state === "SANDBOX_READY")?.id, context);
  const containers = new Map<string, AdoptedContainer>();
  for (const container of listed) {
    const name = container.labels[LABEL.container] ?? "";
    if (containers.has(name)) continue;
    const adopted = await adoptContainer(container, context);
    if (adopted) containers.set(name, adopted);
  }
  if (status) {
    await boundAnew(pod, context);
    return { sandbox: followSandbox(pod, status, context), containers };
  }
  const lostSandbox = sandboxes[0]?.id;
  return { ...(lostSandbox === undefined ? {} : { lostSandbox }), containers };
}

/** What the pod may use may have changed while the kubelet was down. */
async function boundAnew(pod: Pod, { options }: RuntimeContext): Promise<void> {
  try {
    await options.cgroupParentOf?.(pod);
  } catch (error) {
    options.log.warn("a pod's cgroup could not be brought up to date", {
      pod: identityOf(pod).uid,
      error: messageOf(error),
    });
  }
}

/** One without an address, or with one of a range that the node no longer has, is of no use. */
async function usableSandbox(
  pod: Pod,
  podSandboxId: string | undefined,
  { cri, options: { podCidr } }: RuntimeContext,
): Promise<PodSandboxStatus | undefined> {
  if (podSandboxId === undefined) return undefined;
  const found = await unlessGone(cri.call("RuntimeService.PodSandboxStatus", { podSandboxId }, { timeoutMs: CALL_MS }));
  const status = found?.status;
  if (status?.state !== "SANDBOX_READY") return undefined;
  if (pod.spec?.hostNetwork) return status;
  const ip = status.network?.ip;
  return ip && (podCidr === undefined || isIn(podCidr, ip)) ? status : undefined;
}

async function adoptContainer(container: Container, context: RuntimeContext): Promise<AdoptedContainer | undefined> {
  const { cri, tracker, options } = context;
  const { id, podSandboxId: sandboxId, labels } = container;
  let status = await statusOf(cri, id);
  if (status?.state === "CONTAINER_UNKNOWN") {
    // Whether it still runs cannot be told: it must not.
    await unlessGone(cri.call("RuntimeService.StopContainer", { containerId: id }, { timeoutMs: CALL_MS }));
    status = await statusOf(cri, id);
  }
  if (!status) return undefined;
  const attempt = Number(status.annotations[ANNOTATION.restartCount] ?? status.metadata?.attempt ?? 0);
  if (status.state === "CONTAINER_CREATED") {
    // We were interrupted before it could be started: it does not count.
    await removeContainer(id, context);
    return undefined;
  }
  if (status.state !== "CONTAINER_RUNNING") {
    return { state: "exited", attempt, exit: await exitOf(status, id, false, options.clock) };
  }
  const tracked = tracker.track({
    id,
    sandboxId,
    podUid: labels[LABEL.podUid] ?? "",
    name: labels[LABEL.container] ?? "",
    logPath: status.logPath,
  });
  return {
    state: "running",
    attempt,
    imageId: status.imageRef,
    container: running(id, status, tracked.exited, options.clock.now()),
  };
}
