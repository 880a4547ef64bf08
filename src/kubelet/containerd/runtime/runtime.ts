import { every, messageOf } from "#base";
import { expand, RuntimeError, type LogLine, type LogOptions, type ProbeOutcome, type Runtime } from "#kubelet";
import { containerStatuses, type LifecycleHandler, type Pod } from "#objects";
import { identityOf, podLogFolder } from "../config/names.ts";
import { CALL_MS, openCri, type Cri } from "../cri/services.ts";
import { readLog, type LogSource } from "../logs/read.ts";
import { rotateLog } from "../logs/rotate.ts";
import { logUsage } from "../logs/usage.ts";
import { adoptPod } from "./adopt.ts";
import type { RuntimeContext } from "./context.ts";
import { execHook, execProbe } from "./exec.ts";
import { exitOf } from "./exit.ts";
import { hostLinks } from "./host-links.ts";
import { criId, unlessGone } from "./ids.ts";
import { createImageStore } from "./image-store.ts";
import { mountsImages } from "./image-volumes.ts";
import { createImages } from "./images.ts";
import { readNodeFacts } from "./node-facts.ts";
import type { ContainerdRuntimeOptions } from "./options.ts";
import { removeEarlierRuns, removeOrphans, removePod } from "./remove.ts";
import { createSandbox, stopSandbox } from "./sandboxes.ts";
import { startContainer, statusOf } from "./start.ts";
import { readStats } from "./stats.ts";
import { createTracker } from "./tracker.ts";
import { createStreams } from "../streams/streams.ts";

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

/** As often as upstream's kubelet looks at the sizes of logs. */
const ROTATE_MS = 10_000;
/** An exit without an event is looked for this long after it was due, in milliseconds. */
const STOP_SLACK_MS = 30_000;

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

  const rotating = every(clock, ROTATE_MS, () => {
    for (const { id, logPath } of tracker.running()) {
      const reopen = async () => {
        await cri.call("RuntimeService.ReopenContainerLog", { containerId: id }, { timeoutMs: CALL_MS });
      };
      rotateLog(logPath, clock.now(), reopen).catch((error: unknown) =>
        log.warn("a log could not be rotated", { path: logPath, error: messageOf(error) }),
      );
    }
  });
  scope.defer(() => rotating.cancel());

  const sourceOf = async (id: string): Promise<LogSource> => {
    const tracked = tracker.find(criId(id));
    if (tracked) return { path: tracked.logPath, ended: tracked.exited };
    const status = await statusOf(cri, criId(id));
    if (status) return { path: status.logPath };
    throw new RuntimeError("NotFound", `unable to retrieve container logs for ${id}`);
  };

  return {
    cri,
    version: `${runtimeName}://${runtimeVersion.replace(/^v/, "").replace(/[~+].*$/, "")}`,
    adopt: (pod) => adoptPod(pod, context),
    createSandbox: (pod, attempt) => createSandbox(pod, attempt, context),
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
      const { uid = "" } = request.pod.metadata;
      if (request.attempt > 1) {
        removeEarlierRuns(uid, request.container.name, context).catch((error: unknown) =>
          log.debug("earlier runs could not be removed", { pod: uid, error: messageOf(error) }),
        );
      }
      return started;
    },
    async stopContainer(id, graceSeconds) {
      const containerId = criId(id);
      const exited = tracker.find(containerId)?.exited;
      const timeout = Math.max(1, Math.ceil(graceSeconds));
      const timeoutMs = timeout * 1000 + CALL_MS;
      await unlessGone(cri.call("RuntimeService.StopContainer", { containerId, timeout }, { timeoutMs }));
      if (!exited) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = clock.setTimeout(resolve, STOP_SLACK_MS);
      await Promise.race([exited, promise]);
      timer.cancel();
    },
    async probe(request): Promise<ProbeOutcome> {
      const { exec, httpGet, tcpSocket, grpc } = request.probe;
      if (exec?.command) {
        const { timeoutSeconds = 1 } = request.probe;
        // Only what the spec says outright is put in (upstream ExpandContainerCommandOnlyStatic).
        const values = new Map(request.container.env?.map(({ name, value = "" }) => [name, value]));
        const command = exec.command.map((word) => expand(word, (name) => values.get(name)));
        return execProbe(cri, request.id, command, timeoutSeconds);
      }
      if ((httpGet ?? tcpSocket ?? grpc) && options.networkProbe) return options.networkProbe(request);
      return { result: "unknown", message: "missing probe handler" };
    },
    async runHook(id, handler: LifecycleHandler, pod: Pod, signal) {
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
    },
    async *logs(id: string, wanted: LogOptions): AsyncGenerator<LogLine, void, undefined> {
      yield* readLog(await sourceOf(id), wanted, clock);
    },
    streams: createStreams(
      {
        exec: async (request) => (await cri.call("RuntimeService.Exec", request, { timeoutMs: CALL_MS })).url,
        attach: async (request) => (await cri.call("RuntimeService.Attach", request, { timeoutMs: CALL_MS })).url,
        portForward: async (request) =>
          (await cri.call("RuntimeService.PortForward", request, { timeoutMs: CALL_MS })).url,
      },
      clock,
    ),
    stats: () => readStats(context, clock),
    logUsage: (pod) => logUsage(podLogFolder(options.logDir, identityOf(pod))),
    close: () => scope.close(),
  };
}
