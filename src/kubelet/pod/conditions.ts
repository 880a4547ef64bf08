import { findCondition, isSidecar, type ContainerStatus, type PodCondition } from "#objects";
import { failureOf, neverRan, type Phase, type Statuses } from "./phase.ts";
import type { PodView } from "./view.ts";

/** The conditions that the kubelet keeps; every other condition belongs to other writers. */
const OURS = new Set(["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]);

/** What a condition says, without its times. */
interface Verdict {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

/** The pod's conditions (upstream pkg/kubelet/status/generate.go). Times turn only where a status turns. */
export function conditionsOf(view: PodView, phase: Phase, statuses: Statuses, timestamp: string): PodCondition[] {
  const before = view.pod.status?.conditions ?? [];
  const observedGeneration = view.pod.metadata.generation;
  const containersReady = containersReadyOf(view, phase, statuses);
  const verdicts: readonly Verdict[] = [
    { type: "PodReadyToStartContainers", status: view.sandbox.state === "ready" ? "True" : "False" },
    initializedOf(view, phase, statuses),
    readyOf(view, before, containersReady),
    containersReady,
    yes("PodScheduled"),
    ...disruptionOf(view),
  ];
  const ours = verdicts.map((verdict) => {
    const old = findCondition(before, verdict.type);
    const lastTransitionTime = old?.status === verdict.status ? (old.lastTransitionTime ?? timestamp) : timestamp;
    return { ...(observedGeneration === undefined ? {} : { observedGeneration }), lastTransitionTime, ...verdict };
  });
  const isOurs = (type: string) => OURS.has(type) || verdicts.some((verdict) => verdict.type === type);
  return [...before.filter(({ type }) => !isOurs(type)), ...ours];
}

const yes = (type: string, reason?: string, message?: string): Verdict => ({
  type,
  status: "True",
  ...(reason ? { reason } : {}),
  ...(message ? { message } : {}),
});
const no = (type: string, reason: string, message?: string): Verdict => ({
  type,
  status: "False",
  reason,
  ...(message ? { message } : {}),
});
const names = (statuses: readonly ContainerStatus[]) => `[${statuses.map(({ name }) => name).join(" ")}]`;

/** A pod that the node terminates gets a condition that says so; conditions of other writers stay. */
function disruptionOf(view: PodView): readonly Verdict[] {
  const message = failureOf(view)?.disruption;
  return message === undefined ? [] : [yes("DisruptionTarget", "TerminationByKubelet", message)];
}

function initializedOf({ pod }: PodView, phase: Phase, { init, main }: Statuses): Verdict {
  if (phase === "Succeeded") return yes("Initialized", "PodCompleted");
  if (main.some((status) => !neverRan(status))) return yes("Initialized");
  const incomplete = init.filter(({ ready, started }, i) =>
    isSidecar(pod.spec!.initContainers![i]!) ? !started : !ready,
  );
  if (incomplete.length === 0) return yes("Initialized");
  return no("Initialized", "ContainersNotInitialized", `containers with incomplete status: ${names(incomplete)}`);
}

function containersReadyOf({ pod }: PodView, phase: Phase, { init, main }: Statuses): Verdict {
  const type = "ContainersReady";
  if (phase === "Succeeded") return no(type, "PodCompleted");
  if (phase === "Failed") return no(type, "PodFailed");
  const sidecars = init.filter((_, i) => isSidecar(pod.spec!.initContainers![i]!));
  const unready = [...sidecars, ...main].filter(({ ready }) => !ready);
  if (unready.length === 0) return yes(type);
  return no(type, "ContainersNotReady", `containers with unready status: ${names(unready)}`);
}

function readyOf({ pod }: PodView, conditions: readonly PodCondition[], containersReady: Verdict): Verdict {
  if (containersReady.status !== "True") return { ...containersReady, type: "Ready" };
  const problems = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = findCondition(conditions, conditionType);
    if (!condition) {
      return [`corresponding condition of pod readiness gate ${JSON.stringify(conditionType)} does not exist.`];
    }
    if (condition.status === "True") return [];
    return [`the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True", but ${condition.status}`];
  });
  return problems.length === 0 ? yes("Ready") : no("Ready", "ReadinessGatesNotReady", problems.join(", "));
}
