import { mkdir, writeFile, chmod } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "#base";
import {
  RuntimeError,
  type AnyContainer,
  type ContainerExit,
  type RunningContainer,
  type StartRequest,
} from "#kubelet";
import type { Sent } from "#wire/grpc";
import { containerConfig } from "../config/container.ts";
import { containerFolder, identityOf, LABEL, podLogFolder } from "../config/names.ts";
import { nonRootProblem } from "../config/security.ts";
import type { Container, ContainerConfig, ContainerStatus, PodSandboxConfig } from "../cri/messages.ts";
import { CALL_MS, type Cri } from "../cri/services.ts";
import { ownLabels, type OwnedCri, type RuntimeContext } from "./context.ts";
import { exitOf } from "./exit.ts";
import { millis, publicId, unlessGone } from "./ids.ts";
import { mountImages } from "./image-volumes.ts";
import type { Images } from "./images.ts";
import type { NodeFacts } from "./node-facts.ts";
import { removeContainer } from "./removal.ts";
import { sandboxSettings, writeHostsFile } from "./settings.ts";

/** What is in the way of making a container shows as this. */
const asConfigError = (error: unknown) =>
  error instanceof RuntimeError ? error : new RuntimeError("CreateContainerConfigError", messageOf(error));

/** Creates and starts a container. Rejects with a RuntimeError, worded as upstream's kubelet does. */
export async function startContainer(
  request: StartRequest,
  context: RuntimeContext,
  images: Images,
  facts: NodeFacts,
): Promise<RunningContainer> {
  const { cri, tracker, options } = context;
  const { pod, container, attempt, sandbox } = request;
  const identity = identityOf(pod);
  const { config, sandboxConfig } = await settingsOf(request, context, images, facts).catch((error: unknown) => {
    throw asConfigError(error);
  });
  const id = await create(sandbox.id, config, sandboxConfig, context);
  const tracked = tracker.track({
    id,
    sandboxId: sandbox.id,
    podUid: identity.uid,
    name: container.name,
    logPath: join(podLogFolder(options.logDir, identity), container.name, `${attempt}.log`),
  });
  try {
    await cri.call("RuntimeService.StartContainer", { containerId: id }, { timeoutMs: CALL_MS });
  } catch (error) {
    tracker.forget(id);
    throw new RuntimeError("RunContainerError", messageOf(error), await exitOfFailed(id, context));
  }
  // It runs: should containerd end just now, it is not to be started again for want of these details.
  const status = await statusOf(cri, id).catch(() => undefined);
  return running(id, status, tracked.exited, options.clock.now());
}

/** A container that runs, as the kubelet sees it. */
export const running = (
  id: string,
  status: ContainerStatus | undefined,
  exited: Promise<ContainerExit>,
  now: number,
): RunningContainer => ({
  id: publicId(id),
  startedAt: status?.startedAt ? millis(status.startedAt) : now,
  ...(status?.image?.image ? { image: status.image.image } : {}),
  ...(status?.user?.linux ? { user: { linux: status.user.linux } } : {}),
  exited,
});

export async function statusOf(cri: Cri, containerId: string): Promise<ContainerStatus | undefined> {
  const found = await unlessGone(cri.call("RuntimeService.ContainerStatus", { containerId }, { timeoutMs: CALL_MS }));
  return found?.status ?? undefined;
}

interface Settings {
  readonly config: Sent<ContainerConfig>;
  readonly sandboxConfig: Sent<PodSandboxConfig>;
}

async function settingsOf(
  { pod, sandbox, container, attempt, process }: StartRequest,
  context: RuntimeContext,
  images: Images,
  facts: NodeFacts,
): Promise<Settings> {
  const { options, mountsImages } = context;
  const { image = "" } = container;
  const found = await images.describe(image);
  const user = found?.user ?? { uid: 0 };
  const problem = nonRootProblem(pod, container, user);
  if (problem) throw new RuntimeError("CreateContainerConfigError", problem);
  const identity = identityOf(pod);
  await mkdir(join(podLogFolder(options.logDir, identity), container.name), { recursive: true, mode: 0o755 });
  const mounts = mountsImages ? process.mounts : await mountImages(identity.uid, process.mounts, options);
  const config = containerConfig(
    pod,
    container,
    attempt,
    { ...process, mounts },
    {
      node: facts,
      user,
      // When it is gone by now, the runtime says so.
      imageId: found?.id ?? image,
      seccompFolder: options.seccompFolder ?? join(options.rootDir, "seccomp"),
      maskedPaths: facts.maskedPaths,
      targetId: await targetOf(container, identity.uid, context),
      hostsFile: await writeHostsFile(pod, sandbox.ips, options),
      messageFile: await makeMessageFile(container, identity.uid, options.rootDir, options.random.int(2 ** 32)),
    },
  );
  const labels = { ...config.labels, ...ownLabels(options) };
  return { config: { ...config, labels }, sandboxConfig: await sandboxSettings(pod, 0, options) };
}

/** The container that an ephemeral one looks into. */
async function targetOf(container: AnyContainer, podUid: string, owned: OwnedCri): Promise<string | undefined> {
  const target = "targetContainerName" in container ? container.targetContainerName : undefined;
  if (!target) return undefined;
  const found = (await containersOf(owned, podUid)).find(
    ({ labels, state }) => labels[LABEL.container] === target && state === "CONTAINER_RUNNING",
  );
  if (!found) throw new Error(`unable to find target container ${target}`);
  return found.id;
}

/** All containers of a pod, the newest first. */
export async function containersOf({ cri, options }: OwnedCri, podUid: string): Promise<readonly Container[]> {
  const filter = { labelSelector: { ...ownLabels(options), [LABEL.podUid]: podUid } };
  const { containers } = await cri.call("RuntimeService.ListContainers", { filter }, { timeoutMs: CALL_MS });
  return containers.toSorted((a, b) => b.createdAt - a.createdAt);
}

/** Every user in the container may write to it, and each run has one of its own. */
async function makeMessageFile(
  { name, terminationMessagePath }: AnyContainer,
  podUid: string,
  rootDir: string,
  random: number,
): Promise<string | undefined> {
  if (!terminationMessagePath) return undefined;
  const folder = containerFolder(rootDir, podUid, name);
  const file = join(folder, random.toString(16).padStart(8, "0"));
  await mkdir(folder, { recursive: true, mode: 0o750 });
  await writeFile(file, "");
  await chmod(file, 0o666);
  return file;
}

async function create(
  podSandboxId: string,
  config: Sent<ContainerConfig>,
  sandboxConfig: Sent<PodSandboxConfig>,
  context: RuntimeContext,
): Promise<string> {
  const request = { podSandboxId, config, sandboxConfig };
  const call = () => context.cri.call("RuntimeService.CreateContainer", request, { timeoutMs: CALL_MS });
  try {
    return (await call().catch((error: unknown) => makeRoom(error, context).then(call))).containerId;
  } catch (error) {
    throw new RuntimeError("CreateContainerError", messageOf(error));
  }
}

/**
 * We were interrupted when we made this very run of the container, and do not know what came of it: it goes, so that
 * it can be made again. Rejects with the error when that is not what was in the way.
 */
async function makeRoom(error: unknown, context: RuntimeContext): Promise<void> {
  const { cri, tracker, options } = context;
  const containerId = / is reserved for "([0-9a-f]+)"/.exec(messageOf(error))?.[1];
  if (containerId === undefined || tracker.find(containerId)) throw error;
  if (options.owner !== undefined && (await statusOf(cri, containerId))?.labels[LABEL.owner] !== options.owner)
    throw error;
  await removeContainer(containerId, context);
}

/** What is left of a container that could not be started: it counts as a run that has ended. */
async function exitOfFailed(id: string, { cri, options }: RuntimeContext): Promise<ContainerExit | undefined> {
  const status = await statusOf(cri, id).catch(() => undefined);
  return status?.state === "CONTAINER_EXITED" ? exitOf(status, id, false, options.clock) : undefined;
}
