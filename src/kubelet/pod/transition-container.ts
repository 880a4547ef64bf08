import { unreachable } from "#base";
import {
  containerStatuses,
  formatDuration,
  formatTime,
  type ContainerStateTerminated,
  type ContainerStatus,
  type Pod,
} from "#objects";
import type { AdoptedPod, AnyContainer, ContainerExit, ProbeOutcome, RunningContainer } from "../runtime.ts";
import { backOffAfter, nextBackOff, RETRY_MS } from "./back-off.ts";
import { normal, podText, warning, type PodEvent } from "./events.ts";
import type { Happening, Transition } from "./happening.ts";
import {
  containerView,
  findContainer,
  previousRun,
  withContainer,
  type ContainerView,
  type ExitedView,
  type Failure,
  type PodView,
  type RunningView,
} from "./view.ts";

/** Images that fail so are not asked for at any registry (upstream EnsureImageExists). */
const UNASKED: ReadonlySet<string> = new Set(["InvalidImageName", "ErrImageNeverPull"]);

export type ContainerHappening = Extract<Happening, { readonly name: string }>;

/** Takes in what happened to one container. */
export function stepContainer(view: PodView, happening: ContainerHappening, now: number): Transition {
  const { name } = happening;
  const found = findContainer(view.pod, name);
  const before = containerView(view, name);
  const unchanged: Transition = { view, events: [] };
  const become = (change: Partial<ContainerView>, ...events: readonly PodEvent[]): Transition => ({
    view: withContainer(view, name, change),
    events,
  });
  if (!found) return unchanged;
  const { image = "" } = found.container;

  switch (happening.type) {
    case "image-wanted": {
      // While it is tried again, the failure stays shown.
      const failed = before.image.state === "failed" ? before.image : undefined;
      return become({
        image: {
          state: "pulling",
          attempts: (failed?.attempts ?? 0) + 1,
          ...(failed ? { shown: imageFailure(failed, image) } : {}),
        },
      });
    }
    case "image-pulling":
      return become({}, normal("Pulling", `Pulling image "${image}"`, name));
    case "pull-secrets-missing": {
      const message = `Unable to retrieve some image pull secrets (${happening.secrets.join(", ")}); attempting to pull the image may not succeed.`;
      return become({}, warning("FailedToRetrieveImagePullSecret", message));
    }
    case "image-present":
      return become(
        { image: { state: "present", id: happening.id } },
        normal("Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`, name),
      );
    case "image-pulled": {
      const took = formatDuration(Math.max(1, Math.round(happening.tookMs)));
      const message = `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${happening.bytes} bytes.`;
      return become({ image: { state: "present", id: happening.id } }, normal("Pulled", message, name));
    }
    case "image-failed": {
      const { failure } = happening;
      const attempts = before.image.state === "pulling" ? before.image.attempts : 1;
      const unasked = UNASKED.has(failure.reason);
      return become(
        {
          image: {
            state: "failed",
            failure,
            at: now,
            retryAt: now + (unasked ? RETRY_MS : backOffAfter(attempts)),
            attempts,
            ...(unasked ? { unasked } : {}),
            backingOff: false,
          },
        },
        ...imageEvents(image, failure, name),
      );
    }
    case "image-backs-off":
      if (before.image.state !== "failed") return unchanged;
      return become(
        { image: { ...before.image, backingOff: true } },
        normal("BackOff", `Back-off pulling image "${image}"`, name),
        warning("Failed", "Error: ImagePullBackOff", name),
      );
    case "container-starting": {
      const previous = previousRun(before.run);
      const next = withContainer(view, name, {
        run: { state: "starting", ...(previous ? { previous } : {}) },
        ...(before.run.state === "exited" ? { backOff: nextBackOff(before.backOff, before.run.at, now) } : {}),
      });
      return { view: found.kind === "main" ? { ...next, initialized: true } : next, events: [] };
    }
    case "container-started":
      return become(
        { run: startedRun(happening.container, found.container), ...nextRun(before) },
        normal("Created", "Container created", name),
        normal("Started", "Container started", name),
      );
    case "start-failed": {
      const { failure, exit } = happening;
      const failed = warning("Failed", `Error: ${failure.message}`, name);
      const previous = previousRun(before.run);
      if (!exit) {
        const run = { state: "failed", failure, retryAt: now + RETRY_MS, ...(previous ? { previous } : {}) } as const;
        return become({ image: { state: "unknown" }, run }, failed);
      }
      return become(
        { image: { state: "unknown" }, run: { ...exitedRun(exit), failure }, ...nextRun(before) },
        normal("Created", "Container created", name),
        failed,
      );
    }
    case "restart-backs-off": {
      if (before.run.state !== "exited") return unchanged;
      const message = `Back-off restarting failed container ${name} in pod ${podText(view.pod)}`;
      return become({ run: { ...before.run, backingOff: true } }, warning("BackOff", message, name));
    }
    case "exited":
      if (before.run.state !== "running" || before.run.id !== happening.exit.id) return unchanged;
      // Whether its image is still there is asked anew before each start.
      return become({ image: { state: "unknown" }, run: exitedRun(happening.exit, before.run.image) });
    default: {
      const { run } = before;
      if (run.state !== "running" || run.id !== happening.id) return unchanged;
      return stepRun(run, happening, (next, ...events) => become({ run: next }, ...events), unchanged, found.container);
    }
  }
}

/** What a run changes that follows another. */
function nextRun({ run, restarts }: ContainerView): Partial<ContainerView> {
  const previous = previousRun(run);
  return previous ? { restarts: restarts + 1, last: previous.terminated } : {};
}

/** What only concerns one run of a container. */
type RunHappening = Exclude<
  Extract<ContainerHappening, { readonly id: string }>,
  { readonly type: "image-present" | "image-pulled" }
>;

function stepRun(
  run: RunningView,
  happening: RunHappening,
  become: (run: RunningView, ...events: readonly PodEvent[]) => Transition,
  unchanged: Transition,
  container: AnyContainer,
): Transition {
  const { name } = happening;
  switch (happening.type) {
    case "hook-done":
      if (run.stage !== "hook") return unchanged;
      return become(container.startupProbe ? { ...run, stage: "startup" } : { ...run, stage: "up" });
    case "hook-failed":
      // Without the hook's own words: they may hold secrets.
      return become(
        happening.hook === "PostStart" ? { ...run, fault: "hook" } : run,
        warning(`Failed${happening.hook}Hook`, `${happening.hook}Hook failed`, name),
      );
    case "unhealthy":
      return become({ ...run, fault: happening.probe });
    case "container-up":
      return become({ ...run, stage: "up" });
    case "readiness":
      return run.ready === happening.ready ? unchanged : become({ ...run, ready: happening.ready });
    case "probe-told":
      return become(run, probeEvent(happening.probe, happening.outcome, name));
    case "stopping":
      return become(
        { ...run, stopping: { deadline: happening.deadline } },
        ...(run.stopping ? [] : [normal("Killing", happening.because, name)]),
      );
    default:
      return unreachable(happening);
  }
}

function probeEvent(probe: string, { result, state, message = "" }: ProbeOutcome, name: string): PodEvent {
  const what = `${probe[0]!.toUpperCase()}${probe.slice(1)} probe`;
  switch (result) {
    case "success":
      return warning("ProbeWarning", `${what} warning: ${message}`, name);
    case "failure":
      return warning("Unhealthy", `${what} failed: ${message}`, name);
    case "unknown":
      return warning("Unhealthy", `${what} errored and resulted in ${state ?? "unknown"} state: ${message}`, name);
  }
}

/** How a container is the moment it runs: its hook and its startup probe come first. */
function startedRun({ id, startedAt, image, user, ready }: RunningContainer, container: AnyContainer): RunningView {
  return {
    state: "running",
    id,
    startedAt,
    ...(image === undefined ? {} : { image }),
    ...(user === undefined ? {} : { user }),
    stage: container.lifecycle?.postStart ? "hook" : container.startupProbe ? "startup" : "up",
    ready: !container.readinessProbe && !ready,
    wanted: container.image ?? "",
  };
}

function exitedRun(exit: ContainerExit, image?: string): ExitedView {
  return {
    state: "exited",
    id: exit.id,
    terminated: terminatedState(exit),
    ...(image === undefined ? {} : { image }),
    at: exit.finishedAt,
    backingOff: false,
  };
}

function terminatedState(exit: ContainerExit): ContainerStateTerminated {
  return {
    exitCode: exit.exitCode,
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    reason: exit.reason,
    ...(exit.message ? { message: exit.message } : {}),
    ...(exit.startedAt === undefined ? {} : { startedAt: formatTime(exit.startedAt) }),
    finishedAt: formatTime(exit.finishedAt),
    containerID: exit.id,
  };
}

/** What a container shows whose image is not there. */
export function imageFailure(
  failed: { readonly failure: Failure; readonly backingOff: boolean },
  image: string,
): Failure {
  const { reason, message } = failed.failure;
  if (!failed.backingOff) return failed.failure;
  return { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}": ${reason}: ${message}` };
}

function imageEvents(image: string, { reason, message }: Failure, name: string): readonly PodEvent[] {
  switch (reason) {
    case "ErrImageNeverPull":
      return [warning("ErrImageNeverPull", message, name), warning("Failed", `Error: ${reason}`, name)];
    case "InvalidImageName":
      return [warning("InspectFailed", message, name), warning("Failed", `Error: ${reason}`, name)];
    default:
      return [
        warning("Failed", `Failed to pull image "${image}": ${message}`, name),
        warning("Failed", `Error: ${reason}`, name),
      ];
  }
}

/**
 * The containers as an earlier kubelet left them: by what the runtime has, and by the status where it says more.
 * Restarts never count down, and a container that was started stays so (upstream prober results on restart).
 */
export function adoptContainers(pod: Pod, containers: AdoptedPod["containers"]): ReadonlyMap<string, ContainerView> {
  const views = new Map<string, ContainerView>();
  const statuses = new Map(containerStatuses(pod).map((status) => [status.name, status]));
  for (const [name, adopted] of containers) {
    const found = findContainer(pod, name);
    if (!found) continue;
    const status = statuses.get(name);
    const last = status?.lastState?.terminated;
    const common = {
      restarts: Math.max(adopted.attempt, status?.restartCount ?? 0),
      ...(last ? { last } : {}),
    };
    if (adopted.state === "exited") {
      views.set(name, { ...common, image: { state: "unknown" }, run: exitedRun(adopted.exit) });
      continue;
    }
    const run = startedRun(adopted.container, found.container);
    const same = status?.containerID === run.id;
    // Its hook ran then, or its kubelet died with it.
    const stage = same && status.started ? "up" : run.stage === "hook" ? "startup" : run.stage;
    views.set(name, {
      ...common,
      image: { state: "present", id: adopted.imageId },
      run: {
        ...run,
        stage: stage === "startup" && !found.container.startupProbe ? "up" : stage,
        ready: same ? status.ready : run.ready,
      },
    });
  }
  for (const status of statuses.values()) {
    const found = findContainer(pod, status.name);
    const ended = views.has(status.name) ? undefined : lastEnd(status);
    if (!found || !ended) continue;
    const { terminated, at } = ended;
    const id = terminated.containerID ?? status.containerID ?? "";
    views.set(status.name, {
      image: { state: "unknown" },
      run: {
        state: "exited",
        id,
        terminated,
        at,
        backingOff: false,
        ...(status.image ? { image: status.image } : {}),
      },
      restarts: status.restartCount,
      ...(status.state?.terminated && status.lastState?.terminated ? { last: status.lastState.terminated } : {}),
    });
  }
  return views;
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
