import { isPodTerminal, isSidecar, podCondition, type ContainerStatus, type Pod } from "#objects";

/** What `kubectl get pods` says of a pod. */
export interface PodSummary {
  readonly status: string;
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
  /** When the container that was restarted last had ended (RFC 3339). */
  readonly lastRestart: string | undefined;
}

/** Source: upstream pkg/printers/internalversion printPod. */
export function summarizePod(pod: Pod): PodSummary {
  const init = summarizeInit(pod);
  let { ready, restarts, lastRestart } = init;
  let status = init.waitingFor ?? phaseText(pod);
  if (init.waitingFor === undefined || podCondition(pod, "Initialized")?.status === "True") {
    restarts = init.sidecarRestarts;
    lastRestart = init.lastSidecarRestart;
    let running = false;
    for (const container of (pod.status?.containerStatuses ?? []).toReversed()) {
      restarts += container.restartCount;
      lastRestart = later(lastRestart, container.lastState?.terminated?.finishedAt);
      const text = containerText(container);
      if (text !== undefined) status = text;
      else if (container.ready && container.state?.running) {
        running = true;
        ready++;
      }
    }
    // Some containers are done while others still run: the pod is not completed.
    if (status === "Completed" && running) {
      status = podCondition(pod, "Ready")?.status === "True" ? "Running" : "NotReady";
    }
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (pod.status?.reason === "NodeLost") status = "Unknown";
    else if (!isPodTerminal(pod)) status = "Terminating";
  }
  const sidecars = pod.spec?.initContainers?.filter(isSidecar).length ?? 0;
  return { status, ready, total: (pod.spec?.containers?.length ?? 0) + sidecars, restarts, lastRestart };
}

function phaseText(pod: Pod): string {
  const scheduled = podCondition(pod, "PodScheduled");
  if (scheduled?.reason === "SchedulingGated") return "SchedulingGated";
  return pod.status?.reason || pod.status?.phase || "";
}

interface InitSummary {
  /** What the pod's init containers still wait for: `Init:0/2`; undefined when they are through. */
  readonly waitingFor: string | undefined;
  readonly ready: number;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
  readonly sidecarRestarts: number;
  readonly lastSidecarRestart: string | undefined;
}

function summarizeInit(pod: Pod): InitSummary {
  const specs = pod.spec?.initContainers ?? [];
  const sidecars = new Set(specs.filter(isSidecar).map(({ name }) => name));
  let ready = 0;
  let restarts = 0;
  let sidecarRestarts = 0;
  let lastRestart: string | undefined;
  let lastSidecarRestart: string | undefined;
  let waitingFor: string | undefined;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const ended = status.lastState?.terminated?.finishedAt;
    restarts += status.restartCount;
    lastRestart = later(lastRestart, ended);
    const sidecar = sidecars.has(status.name);
    if (sidecar) {
      sidecarRestarts += status.restartCount;
      lastSidecarRestart = later(lastSidecarRestart, ended);
    }
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && status.started) {
      if (status.ready) ready++;
      continue;
    }
    if (terminated) waitingFor = `Init:${terminated.reason || exitText(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing") waitingFor = `Init:${waiting.reason}`;
    else waitingFor = `Init:${index}/${specs.length}`;
    break;
  }
  return { waitingFor, ready, restarts, lastRestart, sidecarRestarts, lastSidecarRestart };
}

/** What a container that does not run says of itself. */
function containerText({ state }: ContainerStatus): string | undefined {
  if (state?.waiting?.reason) return state.waiting.reason;
  if (!state?.terminated) return undefined;
  return state.terminated.reason || exitText(state.terminated);
}

function exitText({ signal, exitCode }: { readonly signal?: number; readonly exitCode: number }): string {
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(b) > Date.parse(a) ? b : a;
}
