import {
  findCondition,
  formatTime,
  isSidecar,
  qosClass,
  type Container,
  type ContainerState,
  type ContainerStatus,
  type PodCondition,
  type PodStatus,
} from "#objects";
import type { AnyContainer } from "../runtime.ts";
import { restartsAfter } from "./restart.ts";
import { containerView, type ContainerView, type PodView } from "./view.ts";

/** What the pod's status is to say. Conditions of others are kept; times turn only where a status turns. */
export function statusOf(view: PodView, node: { readonly ips: readonly string[] }, now: number): PodStatus {
  const { pod } = view;
  const { spec, status: before } = pod;
  const describe = (containers: readonly AnyContainer[] | undefined, kind: "init" | "main") =>
    (containers ?? []).map((container) => containerStatus(view, container, kind, before));
  const initContainerStatuses = describe(spec?.initContainers, "init");
  const containerStatuses = describe(spec?.containers, "main");
  const ephemeralContainerStatuses = describe(spec?.ephemeralContainers, "main");
  const phase = phaseOf(view, initContainerStatuses, containerStatuses);
  const ips = view.sandbox.state === "ready" ? view.sandbox.sandbox.ips : (before?.podIPs ?? []).map(({ ip }) => ip);

  return {
    ...(before?.nominatedNodeName ? { nominatedNodeName: before.nominatedNodeName } : {}),
    ...(before?.resize ? { resize: before.resize } : {}),
    observedGeneration: pod.metadata.generation,
    phase,
    conditions: conditionsOf(view, phase, initContainerStatuses, containerStatuses, formatTime(now)),
    ...(view.ending ? { reason: view.ending.reason, message: view.ending.message } : {}),
    ...(node.ips[0] ? { hostIP: node.ips[0], hostIPs: node.ips.map((ip) => ({ ip })) } : {}),
    ...(ips[0] ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    startTime: before?.startTime ?? formatTime(view.startTime),
    ...(initContainerStatuses.length > 0 ? { initContainerStatuses } : {}),
    containerStatuses,
    ...(ephemeralContainerStatuses.length > 0 ? { ephemeralContainerStatuses } : {}),
    qosClass: before?.qosClass ?? qosClass(spec),
  } as PodStatus;
}

function containerStatus(
  view: PodView,
  container: AnyContainer,
  kind: "init" | "main",
  before: PodStatus | undefined,
): ContainerStatus {
  const own = containerView(view, container.name);
  const { run, image, last } = own;
  const waitingAgain = run.state === "exited" && waitsToRestart(view, container as Container, kind, own);
  const state = stateOf(view, container, own, waitingAgain, before);
  const ended = run.state === "exited" ? run.terminated : undefined;
  const lastTerminated = waitingAgain ? ended : last;
  return {
    name: container.name,
    state,
    lastState: lastTerminated ? { terminated: lastTerminated } : {},
    ready: isReady(own, container, kind),
    restartCount: own.restarts,
    image: container.image ?? "",
    imageID: image.state === "present" ? image.id : (knownImageId(before, container.name) ?? ""),
    ...(run.state === "running" || run.state === "exited" ? { containerID: run.id } : {}),
    ...(run.state !== "running" && run.state !== "exited" && last?.containerID
      ? { containerID: last.containerID }
      : {}),
    started: run.state === "running" && run.started,
    ...(container.volumeMounts && container.volumeMounts.length > 0
      ? {
          volumeMounts: container.volumeMounts.map(({ name, mountPath, readOnly }) => ({
            name,
            mountPath,
            ...(readOnly ? { readOnly, recursiveReadOnly: "Disabled" } : {}),
          })),
        }
      : {}),
  } as ContainerStatus;
}

function knownImageId(before: PodStatus | undefined, name: string): string | undefined {
  const all = [
    ...(before?.containerStatuses ?? []),
    ...(before?.initContainerStatuses ?? []),
    ...(before?.ephemeralContainerStatuses ?? []),
  ];
  return all.find((status) => status.name === name)?.imageID;
}

function isReady({ run }: ContainerView, container: AnyContainer, kind: "init" | "main"): boolean {
  if (run.state === "running") return run.ready;
  // An init container that has done its work is ready, and stays so.
  return (
    kind === "init" && !isSidecar(container as Container) && run.state === "exited" && run.terminated.exitCode === 0
  );
}

const waitsToRestart = (view: PodView, container: Container, kind: "init" | "main", { run }: ContainerView): boolean =>
  run.state === "exited" &&
  !view.ending &&
  !view.pod.metadata.deletionTimestamp &&
  restartsAfter(view.pod, container, kind, run.terminated.exitCode ?? 0);

/** Shown while a container has not been tried yet (upstream: PodInitializing when the pod has init containers). */
const notYet = (view: PodView): ContainerState => ({
  waiting: { reason: (view.pod.spec?.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating" },
});

function stateOf(
  view: PodView,
  container: AnyContainer,
  { run, image, restarts, backOffMs }: ContainerView,
  waitingAgain: boolean,
  before: PodStatus | undefined,
): ContainerState {
  switch (run.state) {
    case "running":
      return { running: { startedAt: formatTime(run.startedAt) } };
    case "failed":
      return { waiting: { reason: run.reason, message: run.message } };
    case "exited": {
      if (!waitingAgain || (restarts === 0 && backOffMs === 0)) return { terminated: run.terminated };
      const { name = "", namespace = "", uid = "" } = view.pod.metadata;
      return {
        waiting: {
          reason: "CrashLoopBackOff",
          message: `back-off ${formatBackOff(backOffMs)} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`,
        },
      };
    }
    case "starting":
    case "none":
      if (image.state === "failed") {
        return { waiting: { reason: image.reason, message: image.message } };
      }
      // While an image is tried again, the failure stays shown.
      if (image.state === "pulling") {
        const shown = [...(before?.containerStatuses ?? []), ...(before?.initContainerStatuses ?? [])].find(
          ({ name }) => name === container.name,
        )?.state?.waiting;
        if (shown?.reason === "ImagePullBackOff" || shown?.reason === "ErrImagePull") return { waiting: shown };
      }
      return notYet(view);
  }
}

/** `10s`, `1m20s`, `5m0s` */
export function formatBackOff(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** Upstream getPhase. */
function phaseOf(view: PodView, init: readonly ContainerStatus[], main: readonly ContainerStatus[]): string {
  const { pod } = view;
  const phase = pod.status?.phase;
  // What has ended has ended.
  if (phase === "Succeeded" || phase === "Failed") return phase;
  if (view.ending) return allStopped(view) ? "Failed" : (phase ?? "Running");
  const initContainers = pod.spec?.initContainers ?? [];
  const initFailed = init.some(
    ({ state }, index) =>
      !isSidecar(initContainers[index]!) && state?.terminated !== undefined && state.terminated.exitCode !== 0,
  );
  if (initFailed) return "Failed";
  if (
    init.some(({ ready, started }, index) => (isSidecar(initContainers[index]!) ? !started : !ready)) &&
    main.every(neverRan)
  ) {
    return "Pending";
  }
  const deleted = pod.metadata.deletionTimestamp !== undefined;
  const running = main.filter(({ state }) => state?.running).length;
  const waiting = main.filter((status) => neverRan(status)).length;
  const stopped = main.filter(({ state, lastState }) => state?.terminated ?? (state?.waiting && lastState?.terminated));
  if (waiting > 0) return "Pending";
  if (running > 0 || stopped.length === 0) return running > 0 ? "Running" : "Pending";
  const policy = pod.spec?.restartPolicy ?? "Always";
  const stillToRestart = stopped.some(({ state }) => state?.waiting);
  if (stillToRestart || (policy === "Always" && !deleted)) return "Running";
  const codes = stopped.map(({ state }) => state?.terminated?.exitCode ?? 0);
  if (codes.every((code) => code === 0)) return "Succeeded";
  return policy === "OnFailure" && !deleted ? "Running" : "Failed";
}

const neverRan = ({ state, lastState }: ContainerStatus) =>
  !state?.running && !state?.terminated && !lastState?.terminated;

const allStopped = (view: PodView) =>
  [...view.containers.values()].every(({ run }) => run.state !== "running" && run.state !== "starting");

/** The conditions that the kubelet keeps; everything else on the pod is somebody else's. */
const OURS = new Set(["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]);

function conditionsOf(
  view: PodView,
  phase: string,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  timestamp: string,
): PodCondition[] {
  const { pod } = view;
  const before = pod.status?.conditions ?? [];
  const initContainers = pod.spec?.initContainers ?? [];
  const names = (statuses: readonly ContainerStatus[]) => `[${statuses.map(({ name }) => name).join(" ")}]`;

  const uninitialized = init.filter(({ ready, started }, index) =>
    isSidecar(initContainers[index]!) ? !started : !ready,
  );
  const initialized = uninitialized.length === 0 || !main.every(neverRan);
  const unready = [...init.filter((_, index) => isSidecar(initContainers[index]!)), ...main].filter(
    ({ ready }) => !ready,
  );
  const containersReady =
    phase === "Succeeded"
      ? no("ContainersReady", "PodCompleted")
      : phase === "Failed"
        ? no("ContainersReady", "PodFailed")
        : unready.length > 0
          ? no("ContainersReady", "ContainersNotReady", `containers with unready status: ${names(unready)}`)
          : yes("ContainersReady");
  const gates = (pod.spec?.readinessGates ?? []).filter(
    ({ conditionType }) => findCondition(before, conditionType)?.status !== "True",
  );
  const ready: Turn =
    containersReady.status !== "True"
      ? { ...containersReady, type: "Ready" }
      : gates.length > 0
        ? no("Ready", "ReadinessGatesNotReady", gates.map((gate) => gateProblem(before, gate.conditionType)).join(", "))
        : yes("Ready");
  const turns: Turn[] = [
    { type: "PodReadyToStartContainers", status: view.sandbox.state === "ready" ? "True" : "False" },
    phase === "Succeeded"
      ? { type: "Initialized", status: "True", reason: "PodCompleted" }
      : initialized
        ? yes("Initialized")
        : no("Initialized", "ContainersNotInitialized", `containers with incomplete status: ${names(uninitialized)}`),
    ready,
    containersReady,
    yes("PodScheduled"),
  ];
  const generation = pod.metadata.generation;
  return [
    ...turns.map((turn) => {
      const old = findCondition(before, turn.type);
      const lastTransitionTime = old?.status === turn.status ? (old.lastTransitionTime ?? timestamp) : timestamp;
      return {
        observedGeneration: generation,
        lastProbeTime: null,
        lastTransitionTime,
        ...turn,
      } as unknown as PodCondition;
    }),
    ...before.filter(({ type }) => !OURS.has(type)),
  ];
}

interface Turn {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

const yes = (type: string): Turn => ({ type, status: "True" });
const no = (type: string, reason: string, message?: string): Turn => ({
  type,
  status: "False",
  reason,
  ...(message ? { message } : {}),
});

function gateProblem(conditions: readonly PodCondition[], gate: string): string {
  return findCondition(conditions, gate)
    ? `the status of pod readiness gate "${gate}" is not "True", but ${findCondition(conditions, gate)?.status}`
    : `corresponding condition of pod readiness gate "${gate}" does not exist.`;
}

/** Whether two statuses say the same. */
export function sameStatus(a: PodStatus | undefined, b: PodStatus | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
