import type { Clock } from "#base";
import type { AdoptedContainer, AnyContainer, ContainerExit } from "#kubelet";
import type { ContainerStateTerminated, ContainerStatus, Pod } from "#objects";
import { describeRun, reportRunning, SimulatedContainer, type SimulatedContainerOptions } from "./container.ts";

/** A container of an earlier process: what the kubelet is told of it, and the runs whose logs can be read. */
export interface RestoredContainer {
  readonly adopted: AdoptedContainer;
  /** Oldest first. */
  readonly runs: readonly SimulatedContainer[];
}

/** A container as its pod's status describes it: that is all that is left of an earlier process. */
export function restoreContainer(
  pod: Pod,
  container: AnyContainer,
  status: ContainerStatus,
  clock: Clock,
): RestoredContainer | undefined {
  const { state, lastState, restartCount: attempt, containerID: id } = status;
  const last = lastState?.terminated;
  if (state?.running && id) {
    const startedAt = Date.parse(state.running.startedAt ?? "") || clock.now();
    const run = new SimulatedContainer(describeRun(pod, container, { clock, id, attempt, startedAt }));
    const before = last?.containerID ? [restoreEnded(pod, container, last, attempt - 1, clock).run] : [];
    return {
      adopted: { state: "running", attempt, container: reportRunning(run, container), imageId: status.imageID },
      runs: [...before, run],
    };
  }
  const ended = state?.terminated ?? last;
  if (!ended?.containerID) return undefined;
  const { exit, run } = restoreEnded(pod, container, ended, attempt, clock);
  return { adopted: { state: "exited", attempt, exit }, runs: [run] };
}

function restoreEnded(
  pod: Pod,
  container: AnyContainer,
  ended: ContainerStateTerminated,
  attempt: number,
  clock: Clock,
): { readonly exit: ContainerExit; readonly run: SimulatedContainer } {
  const startedAt = Date.parse(ended.startedAt ?? "") || 0;
  const described = describeRun(pod, container, { clock, id: ended.containerID ?? "", attempt, startedAt });
  const exit = {
    id: described.id,
    exitCode: ended.exitCode,
    reason: ended.reason ?? "Error",
    ...(ended.message ? { message: ended.message } : {}),
    startedAt,
    finishedAt: endOf(described, ended.exitCode, Date.parse(ended.finishedAt ?? "") || startedAt),
  };
  return { exit, run: new SimulatedContainer({ ...described, ended: exit }) };
}

/** A status has whole seconds: a container that ended by itself did so in that second, after it had said its last. */
function endOf({ behaviour, startedAt }: SimulatedContainerOptions, exitCode: number, second: number): number {
  const planned = behaviour.exit?.code === exitCode ? startedAt + behaviour.exit.afterMs : second;
  return planned >= second && planned < second + 1000 ? planned : second;
}
