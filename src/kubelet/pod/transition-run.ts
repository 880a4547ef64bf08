import { unreachable } from "#base";
import { formatTime, type ContainerStateTerminated } from "#objects";
import type { AnyContainer, ContainerExit, ProbeOutcome, RunningContainer } from "../runtime.ts";
import { become, type ContainerChange, type ContainerFacts } from "./container-change.ts";
import { normal, warning, type PodEvent } from "./events.ts";
import type { Happening } from "./happening.ts";
import type { ExitedView, RunningView } from "./view.ts";

/** What only concerns one run of a container: from its start to its end. */
export type RunHappening = Exclude<
  Extract<Happening, { readonly name: string; readonly id: string }>,
  { readonly type: `image-${string}` }
>;

/** Takes in what happened to one run of a container. Undefined: nothing changes, since it is another's or known. */
export function stepRun(happening: RunHappening, facts: ContainerFacts): ContainerChange | undefined {
  const { container } = facts;
  const { run } = facts.before;
  const { name } = happening;
  if (run.state !== "running" || run.id !== happening.id) return undefined;
  switch (happening.type) {
    case "hook-done":
      if (run.stage !== "hook") return undefined;
      return become({ run: { ...run, stage: container.startupProbe ? "startup" : "up" } });
    case "hook-failed":
      // Without the hook's own words: they may hold secrets.
      return become(
        happening.hook === "PostStart" ? { run: { ...run, fault: "hook" } } : {},
        warning(`Failed${happening.hook}Hook`, `${happening.hook}Hook failed`, name),
      );
    case "unhealthy":
      return become({ run: { ...run, fault: happening.probe } });
    case "container-up":
      return become({ run: { ...run, stage: "up" } });
    case "readiness":
      return run.ready === happening.ready ? undefined : become({ run: { ...run, ready: happening.ready } });
    case "probe-told":
      return become({}, probeEvent(happening.probe, happening.outcome, name));
    case "stopping":
      return become(
        { run: { ...run, stopping: { deadline: happening.deadline } } },
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
export function startedRun(
  { id, startedAt, image, user, ready }: RunningContainer,
  container: AnyContainer,
): RunningView {
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

export function exitedRun(exit: ContainerExit, image?: string): ExitedView {
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
