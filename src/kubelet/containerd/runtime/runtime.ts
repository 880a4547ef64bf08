import { messageOf } from "#base";
import type { LogLine, LogOptions, Runtime, StartRequest } from "#kubelet";
import { identityOf, podLogFolder } from "../config/names.ts";
import { CALL_MS, openCri, type Cri } from "../cri/services.ts";
import { readLog } from "../logs/read.ts";
import { logUsage } from "../logs/usage.ts";
import type { StreamUrls } from "../streams/port.ts";
import { createStreams } from "../streams/streams.ts";
import { adoptPod } from "./adopt.ts";
import { logSourceOf, rotateLogs } from "./container-log.ts";
import type { RuntimeContext } from "./context.ts";
import { exitOf } from "./exit.ts";
import { runHook } from "./hook.ts";
import { hostLinks } from "./host-links.ts";
import { createImageStore } from "./image-store.ts";
import { mountsImages } from "./image-volumes.ts";
import { createImages } from "./images.ts";
import { readNodeFacts } from "./node-facts.ts";
import type { ContainerdRuntimeOptions } from "./options.ts";
import { probeContainer } from "./probe.ts";
import { removeEarlierRuns, removeOrphans, removePod } from "./remove.ts";
import { createSandbox, stopSandbox } from "./sandboxes.ts";
import { startContainer } from "./start.ts";
import { readStats } from "./stats.ts";
import { stopContainer } from "./stop.ts";
import { createTracker } from "./tracker.ts";

/** A runtime on containerd, with what is not the kubelet's to know. */
export interface ContainerdRuntime extends Runtime {
  /** Calls of CRI v1: stats, and the addresses of streams (Exec, Attach, PortForward). */
  readonly cri: Cri;
  /** Removes what there is of pods other than these. Resolves to the uids of those that are gone. */
  removeOrphans(knownPodUids: ReadonlySet<string>): Promise<readonly string[]>;
  /** The links on this machine that lead into running pods. */
  hostLinks(): Promise<ReadonlySet<string>>;
  /** Looks anew at which images there are. */
  refreshImages(): Promise<void>;
}

/** Makes the runtime. Rejects when no containerd answers at the socket. */
export async function createContainerdRuntime(options: ContainerdRuntimeOptions): Promise<ContainerdRuntime> {
  const { socket, clock, log } = options;
  const scope = options.scope.child("containerd-runtime");
  const cri = await openCri(socket, clock);
  scope.defer(() => cri.close());
  const { runtimeName, runtimeVersion } = await cri.call("RuntimeService.Version", {}, { timeoutMs: CALL_MS });
  const facts = await readNodeFacts();
  const images = createImages(cri, clock, options);
  const refreshImages = () =>
    images.refresh().catch((error: unknown) => log.warn("images could not be listed", { error: messageOf(error) }));
  const tracker = createTracker({
    cri,
    socket,
    clock,
    log,
    scope,
    exitOf: (status, id, oom) => exitOf(status, id, oom, clock),
    onRelist: () => void refreshImages(),
  });
  const context: RuntimeContext = { cri, tracker, options, mountsImages: mountsImages(runtimeVersion) };
  await refreshImages();

  rotateLogs(context, scope);

  return {
    cri,
    version: `${runtimeName}://${runtimeVersion.replace(/^v/, "").replace(/[~+].*$/, "")}`,
    adopt: (pod) => adoptPod(pod, context),
    createSandbox: (pod, attempt, handler) => createSandbox(pod, attempt, handler, context),
    stopSandbox: (id) => stopSandbox(id, context),
    removePod: (pod) => removePod(pod, context),
    removeOrphans: (known) => removeOrphans(known, context),
    hostLinks: () => hostLinks(context),
    refreshImages,
    imageId: (image) => images.id(image),
    pullImage: (image, _pod, credentials) => images.pull(image, credentials),
    images: () => images.all(),
    // Whose images they are cannot be told where others use them too.
    ...(options.owner === undefined ? { imageStore: createImageStore(cri, images) } : {}),
    async startContainer(request) {
      const started = await startContainer(request, context, images, facts);
      if (request.attempt > 1) removeEarlier(request, context);
      return started;
    },
    stopContainer: (id, graceSeconds) => stopContainer(id, graceSeconds, context),
    probe: (request) => probeContainer(request, context),
    runHook: (id, handler, pod, signal) => runHook(id, handler, pod, signal, context),
    async *logs(id: string, wanted: LogOptions): AsyncGenerator<LogLine, void, undefined> {
      yield* readLog(await logSourceOf(id, context), wanted, clock);
    },
    streams: createStreams(streamUrls(cri), clock),
    stats: () => readStats(context, clock),
    logUsage: (pod) => logUsage(podLogFolder(options.logDir, identityOf(pod))),
    close: () => scope.close(),
  };
}

/** What is left of the container's runs but the last two. Nothing waits for it: the next start tries again. */
function removeEarlier({ pod, container }: StartRequest, context: RuntimeContext): void {
  const { uid = "" } = pod.metadata;
  removeEarlierRuns(uid, container.name, context).catch((error: unknown) =>
    context.options.log.debug("earlier runs could not be removed", { pod: uid, error: messageOf(error) }),
  );
}

/** Where containerd serves each kind of stream. */
const streamUrls = (cri: Cri): StreamUrls => ({
  exec: async (request) => (await cri.call("RuntimeService.Exec", request, { timeoutMs: CALL_MS })).url,
  attach: async (request) => (await cri.call("RuntimeService.Attach", request, { timeoutMs: CALL_MS })).url,
  portForward: async (request) => (await cri.call("RuntimeService.PortForward", request, { timeoutMs: CALL_MS })).url,
});
