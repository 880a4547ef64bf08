import type { NodeCondition } from "#objects";
import type { NodeHealth } from "./health.ts";

interface Verdict {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

const PRESSURES = [
  {
    type: "MemoryPressure",
    holds: (health: NodeHealth) => health.memoryPressure,
    yes: ["HasInsufficientMemory", "kubelet has insufficient memory available"],
    no: ["HasSufficientMemory", "kubelet has sufficient memory available"],
  },
  {
    type: "DiskPressure",
    holds: (health: NodeHealth) => health.diskPressure,
    yes: ["HasDiskPressure", "kubelet has disk pressure"],
    no: ["HasNoDiskPressure", "kubelet has no disk pressure"],
  },
  {
    type: "PIDPressure",
    holds: (health: NodeHealth) => health.pidPressure,
    yes: ["HasInsufficientPID", "kubelet has insufficient PID available"],
    no: ["HasSufficientPID", "kubelet has sufficient PID available"],
  },
] as const;

/** What a kubelet says of its node, in upstream's words and order (nodestatus setters). */
function verdicts(health: NodeHealth): readonly Verdict[] {
  const pressures = PRESSURES.map(({ type, holds, yes, no }): Verdict => {
    const held = holds(health);
    const [what, message] = held ? yes : no;
    return { type, status: held ? "True" : "False", reason: `Kubelet${what}`, message };
  });
  const { problems } = health;
  const ready: Verdict =
    problems.length === 0
      ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
      : { type: "Ready", status: "False", reason: "KubeletNotReady", message: aggregate(problems) };
  return [...pressures, ready];
}

/** Several errors as upstream's error aggregates show them: `[one, two]`. */
function aggregate(problems: readonly string[]): string {
  const [first = "", ...others] = new Set(problems);
  return others.length === 0 ? first : `[${[first, ...others].join(", ")}]`;
}

/** The conditions of a node; what others have set stays, and what is as before keeps its time. */
export function nodeConditions(
  before: readonly NodeCondition[] | undefined,
  health: NodeHealth,
  timestamp: string,
): NodeCondition[] {
  const ours = verdicts(health).map((verdict) => {
    const old = before?.find(({ type }) => type === verdict.type);
    return {
      ...verdict,
      lastHeartbeatTime: timestamp,
      lastTransitionTime: old?.status === verdict.status ? (old.lastTransitionTime ?? timestamp) : timestamp,
    };
  });
  const others = (before ?? []).filter(({ type }) => !ours.some((own) => own.type === type));
  return [...others, ...ours];
}

/**
 * The reasons of the Events about conditions that have turned, or were not there before: `NodeHasDiskPressure`,
 * `NodeNotReady`. A node that registers before it is ready is not told of as not ready.
 */
export function conditionEvents(
  before: readonly NodeCondition[] | undefined,
  after: readonly NodeCondition[],
): readonly string[] {
  return after.flatMap(({ type, status, reason = "" }) => {
    const old = before?.find((condition) => condition.type === type);
    if (old?.status === status) return [];
    if (type === "Ready" && status === "True") return ["NodeReady"];
    if (type === "Ready") return old ? ["NodeNotReady"] : [];
    return PRESSURES.some((pressure) => pressure.type === type) ? [reason.replace(/^Kubelet/, "Node")] : [];
  });
}
