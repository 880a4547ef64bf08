import { isSidecar, type ContainerStatus } from "#objects";
import type { AnyContainer } from "../runtime.ts";
import { restartsAfter } from "./restart.ts";
import { isOver, isStill, type ContainerKind, type PodView, type PodFailure } from "./view.ts";

/** The statuses of a pod's containers, in the order of its spec. */
export interface Statuses {
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
}

export type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

/**
 * The pod's phase (upstream getPhase, and what its callers make of it): what has ended has ended, and nothing
 * has ended while something runs.
 */
export function phaseOf(view: PodView, statuses: Statuses): Phase {
  const before = view.pod.status?.phase as Phase | undefined;
  if (before === "Succeeded" || before === "Failed") return before;
  const phase = view.lifecycle.state === "rejected" || failureOf(view) ? "Failed" : byContainers(view, statuses);
  const ended = phase === "Succeeded" || phase === "Failed";
  if (isOver(view)) return ended ? phase : "Failed";
  return ended && !isStill(view) ? (before ?? "Pending") : phase;
}

/** Why the pod fails as a whole, if it does. */
export function failureOf({ lifecycle }: PodView): PodFailure | undefined {
  switch (lifecycle.state) {
    case "rejected":
    case "failing":
      return lifecycle;
    case "deleting":
      return lifecycle.failure;
    case "active":
    case "finishing":
      return undefined;
  }
}

interface Counts {
  running: number;
  waiting: number;
  stopped: number;
  succeeded: number;
  toRestart: number;
}

function byContainers(view: PodView, { init, main }: Statuses): Phase {
  const { initContainers = [], containers = [] } = view.pod.spec ?? {};
  const counts: Counts = { running: 0, waiting: 0, stopped: 0, succeeded: 0, toRestart: 0 };
  let pendingInit = false;
  let pendingSidecar = false;
  for (const [i, status] of init.entries()) {
    const container = initContainers[i]!;
    if (isSidecar(container)) {
      if (status.state?.running) counts.running++;
      else if (neverRan(status)) counts.waiting++;
      pendingSidecar ||= neverRan(status) || (status.state?.running !== undefined && !status.started);
      continue;
    }
    const exitCode = lastExit(status);
    if (exitCode === undefined) pendingInit = true;
    else if (exitCode !== 0 && !restarts(view, container, "init", exitCode)) return "Failed";
  }
  for (const [i, status] of main.entries()) count(counts, view, containers[i]!, status);

  if (pendingInit || (pendingSidecar && !hasActiveMain(view)) || counts.waiting > 0) return "Pending";
  if (counts.running > 0) return "Running";
  if (counts.stopped === 0) return "Pending";
  if (view.lifecycle.state === "active" && counts.toRestart > 0) return "Running";
  return counts.stopped === counts.succeeded ? "Succeeded" : "Failed";
}

function count(counts: Counts, view: PodView, container: AnyContainer, status: ContainerStatus): void {
  const { state } = status;
  if (state?.running) {
    counts.running++;
    return;
  }
  const exitCode = lastExit(status);
  if (exitCode === undefined) {
    counts.waiting++;
    return;
  }
  counts.stopped++;
  if (restarts(view, container, "main", exitCode)) counts.toRestart++;
  if (state?.terminated?.exitCode === 0) counts.succeeded++;
}

/** The code of the last run's end; undefined while it runs, or when it never ran. */
function lastExit({ state, lastState }: ContainerStatus): number | undefined {
  if (state?.running) return undefined;
  return (state?.terminated ?? lastState?.terminated)?.exitCode;
}

/** Whether the code is one that this container, wherever its pod is, would be restarted after. */
const restarts = ({ pod }: PodView, container: AnyContainer, kind: ContainerKind, exitCode: number) =>
  restartsAfter(pod, container, kind, exitCode);

export const neverRan = ({ state, lastState }: ContainerStatus): boolean =>
  !state?.running && !state?.terminated && !lastState?.terminated;

const hasActiveMain = (view: PodView) =>
  (view.pod.spec?.containers ?? []).some(({ name }) => {
    const state = view.containers.get(name)?.run.state;
    return state === "running" || state === "exited";
  });
