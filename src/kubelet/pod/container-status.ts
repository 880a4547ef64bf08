import { formatTime, isSidecar, type Container, type ContainerState, type ContainerStatus } from "#objects";
import type { AnyContainer } from "../runtime.ts";
import { formatBackOff } from "./back-off.ts";
import { podText } from "./events.ts";
import { restartsAfter } from "./restart.ts";
import { imageFailure } from "./transition-image.ts";
import {
  containerView,
  previousRun,
  type ContainerKind,
  type ContainerView,
  type ExitedView,
  type ImageView,
  type PodView,
} from "./view.ts";

/** The state of a container whose exit was not observed (upstream TerminatePod). */
const UNKNOWN: ContainerState = {
  terminated: {
    exitCode: 137,
    reason: "ContainerStatusUnknown",
    message: "The container could not be located when the pod was terminated",
  },
};

/** The status of one container (upstream convertToAPIContainerStatuses and the prober's UpdatePodStatus). */
export function containerStatus(
  view: PodView,
  container: AnyContainer,
  kind: ContainerKind,
  before: ContainerStatus | undefined,
): ContainerStatus {
  const own = containerView(view, container.name);
  const { run, last } = own;
  // A container that this kubelet has never had a hand in keeps what is known of its end.
  if (run.state === "none" && before?.state?.terminated && view.lifecycle.state !== "active") return before;
  // Until the next run is there, the one before is what there is to see.
  const ended = previousRun(run);
  const waiting = ended && waitsToRestart(view, container, kind, ended) ? ended : undefined;
  const state = stateOf(view, container, own, waiting);
  const lastTerminated = ended && !state.terminated ? ended.terminated : last;
  const touched = run.state === "running" ? run : ended;
  const id = touched?.id;
  const requests = container.resources?.requests;
  return {
    name: container.name,
    state,
    lastState: lastTerminated ? { terminated: lastTerminated } : {},
    ready: isReady(own, container, kind),
    restartCount: own.restarts,
    image: touched?.image ?? container.image ?? "",
    imageID: own.image.state === "present" ? own.image.id : (before?.imageID ?? ""),
    ...(id ? { containerID: id } : {}),
    ...(kind === "ephemeral" ? {} : { started: run.state === "running" && run.stage === "up" }),
    ...(touched && requests && Object.keys(requests).length > 0 ? { allocatedResources: requests } : {}),
    ...(touched ? { resources: container.resources ?? {} } : {}),
    ...(run.state === "running" && run.user ? { user: run.user } : {}),
    ...volumeMounts(container),
  };
}

function volumeMounts({ volumeMounts: mounts = [] }: AnyContainer): Partial<ContainerStatus> {
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly, recursiveReadOnly: "Disabled" } : {}),
    })),
  };
}

function isReady({ run }: ContainerView, container: AnyContainer, kind: ContainerKind): boolean {
  if (kind === "ephemeral") return false;
  if (kind === "init" && !isSidecar(container as Container)) {
    // An init container that has done its work is ready, and stays so.
    return run.state === "exited" && run.terminated.exitCode === 0;
  }
  return run.state === "running" && run.stage === "up" && run.ready;
}

/** Nothing is restarted in a pod that is on its way out. */
const waitsToRestart = (view: PodView, container: AnyContainer, kind: ContainerKind, run: ExitedView): boolean =>
  view.lifecycle.state === "active" && restartsAfter(view.pod, container, kind, run.terminated.exitCode);

function stateOf(
  view: PodView,
  container: AnyContainer,
  own: ContainerView,
  waiting: ExitedView | undefined,
): ContainerState {
  const { run, image } = own;
  switch (run.state) {
    case "running":
      return { running: { startedAt: formatTime(run.startedAt) } };
    case "failed":
      return { waiting: run.failure };
    case "exited":
    case "starting":
    case "none":
      break;
  }
  const ended = previousRun(run);
  if (!ended) return notYet(view, container, image);
  return waiting ? waitingState(view, container.name, own, waiting) : { terminated: ended.terminated };
}

/** An exit shows for a moment, then what holds the next start up. */
function waitingState(view: PodView, name: string, own: ContainerView, run: ExitedView): ContainerState {
  const { image } = own;
  if (image.state === "failed") return { waiting: imageFailure(image, run.image ?? "") };
  if (run.backingOff) {
    const delay = formatBackOff(own.backOff?.delayMs ?? 0);
    const message = `back-off ${delay} restarting failed container=${name} pod=${podText(view.pod)}`;
    return { waiting: { reason: "CrashLoopBackOff", message } };
  }
  return run.failure ? { waiting: run.failure } : { terminated: run.terminated };
}

function notYet(view: PodView, container: AnyContainer, image: ImageView): ContainerState {
  if (image.state === "failed") return { waiting: imageFailure(image, container.image ?? "") };
  if (image.state === "pulling" && image.shown) return { waiting: image.shown };
  return { waiting: { reason: view.pod.spec?.initContainers?.length ? "PodInitializing" : "ContainerCreating" } };
}

/**
 * The statuses once the pod is over: what never ran counts as failed, unless the pod never came so far (upstream
 * TerminatePod).
 */
export function terminated(
  view: PodView,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
): { readonly init: readonly ContainerStatus[]; readonly main: readonly ContainerStatus[] } {
  const close = (status: ContainerStatus): ContainerStatus =>
    status.state?.terminated ? status : { ...status, state: UNKNOWN };
  const tried = init.findLastIndex(({ state, lastState }) => !state?.waiting || lastState?.terminated);
  const closed = Math.max(tried, 0);
  const initialized = init.length === 0 || view.initialized || init.at(-1)?.state?.terminated?.exitCode === 0;
  return {
    init: init.map((status, i) => (i <= closed ? close(status) : status)),
    main: initialized ? main.map(close) : main,
  };
}
