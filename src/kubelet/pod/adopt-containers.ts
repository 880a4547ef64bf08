import { containerStatuses, type ContainerStatus, type Pod } from "#objects";
import type { AdoptedContainer, AdoptedPod, AnyContainer } from "../runtime.ts";
import { exitedRun, startedRun } from "./transition-run.ts";
import { findContainer, type ContainerView, type RunningView } from "./view.ts";

/**
 * The containers as an earlier kubelet left them: by what the runtime has, and by the status where it says more.
 * Restarts never count down, and a container that was started stays so (upstream prober results on restart).
 */
export function adoptContainers(pod: Pod, containers: AdoptedPod["containers"]): ReadonlyMap<string, ContainerView> {
  const views = new Map<string, ContainerView>();
  const statuses = new Map(containerStatuses(pod).map((status) => [status.name, status]));
  for (const [name, adopted] of containers) {
    const found = findContainer(pod, name);
    if (found) views.set(name, adoptContainer(adopted, found.container, statuses.get(name)));
  }
  for (const status of statuses.values()) {
    if (views.has(status.name) || !findContainer(pod, status.name)) continue;
    const ended = endedUnseen(status);
    if (ended) views.set(status.name, ended);
  }
  return views;
}

/** A container that the runtime has. */
function adoptContainer(
  adopted: AdoptedContainer,
  container: AnyContainer,
  status: ContainerStatus | undefined,
): ContainerView {
  const last = status?.lastState?.terminated;
  const common = { restarts: Math.max(adopted.attempt, status?.restartCount ?? 0), ...(last ? { last } : {}) };
  return adopted.state === "exited"
    ? { ...common, image: { state: "unknown" }, run: exitedRun(adopted.exit) }
    : {
        ...common,
        image: { state: "present", id: adopted.imageId },
        run: resumed(startedRun(adopted.container, container), container, status),
      };
}

/** A run that goes on, with what the status says that it has come to. */
function resumed(run: RunningView, container: AnyContainer, status: ContainerStatus | undefined): RunningView {
  const known = status?.containerID === run.id ? status : undefined;
  // Its hook ran then, or its kubelet died with it.
  const stage = known?.started ? "up" : run.stage === "hook" ? "startup" : run.stage;
  return {
    ...run,
    stage: stage === "startup" && !container.startupProbe ? "up" : stage,
    ready: known ? known.ready : run.ready,
  };
}

/** A container of which the runtime knows nothing: it has ended, as its status says or unseen. */
function endedUnseen(status: ContainerStatus): ContainerView | undefined {
  const ended = lastEnd(status);
  if (!ended) return undefined;
  const { terminated, at } = ended;
  return {
    image: { state: "unknown" },
    run: {
      state: "exited",
      id: terminated.containerID ?? status.containerID ?? "",
      terminated,
      at,
      backingOff: false,
      ...(status.image ? { image: status.image } : {}),
    },
    restarts: status.restartCount,
    ...(status.state?.terminated && status.lastState?.terminated ? { last: status.lastState.terminated } : {}),
  };
}

/** How a container ended last of which the runtime knows nothing: what ran then has ended unseen. */
function lastEnd({ state, lastState, containerID }: ContainerStatus) {
  const terminated =
    state?.terminated ?? (state?.running ? { ...ENDED_UNSEEN, containerID } : undefined) ?? lastState?.terminated;
  return terminated && { terminated, at: Date.parse(terminated.finishedAt ?? "") || 0 };
}

/** As upstream words it in convertToAPIContainerStatuses. */
const ENDED_UNSEEN = {
  exitCode: 137,
  reason: "ContainerStatusUnknown",
  message: "The container could not be located when the pod was deleted.  The container used to be Running",
} as const;
