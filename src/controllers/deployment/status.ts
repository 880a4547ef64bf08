import type { Deployment, DeploymentStatus, ReplicaSet } from "#objects";
import type { Conditions } from "./conditions.ts";
import { sum } from "./sets.ts";

/** The figures of a Deployment: what its sets report, and how many pods they are to have altogether. */
export function figures(
  { status, metadata }: Deployment,
  sets: readonly ReplicaSet[],
  newest: ReplicaSet | undefined,
  plannedTotal: number,
): DeploymentStatus {
  const availableReplicas = sum(sets, (set) => set.status?.availableReplicas ?? 0);
  const terminatingReplicas = terminating(sets);
  return {
    ...nonZero({
      observedGeneration: Number(metadata.generation ?? 0),
      replicas: sum(sets, (set) => set.status?.replicas ?? 0),
      updatedReplicas: newest?.status?.replicas ?? 0,
      readyReplicas: sum(sets, (set) => set.status?.readyReplicas ?? 0),
      availableReplicas,
      unavailableReplicas: Math.max(0, plannedTotal - availableReplicas),
    }),
    ...(terminatingReplicas === undefined ? {} : { terminatingReplicas }),
    ...(status?.collisionCount === undefined ? {} : { collisionCount: status.collisionCount }),
  };
}

/** Unknown when a set that its controller has looked at does not tell. */
function terminating(sets: readonly ReplicaSet[]): number | undefined {
  let total = 0;
  for (const { status } of sets) {
    if (status?.terminatingReplicas !== undefined) total += status.terminatingReplicas;
    else if (status?.observedGeneration) return undefined;
  }
  return total;
}

/** The API leaves out figures that are zero. */
function nonZero<T extends Readonly<Record<string, number>>>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0)) as Partial<T>;
}

const COUNTS = [
  "observedGeneration",
  "replicas",
  "updatedReplicas",
  "readyReplicas",
  "availableReplicas",
  "unavailableReplicas",
] as const;

/** Whether writing `b` over `a` would change nothing. */
export function sameStatus(a: DeploymentStatus = {}, b: DeploymentStatus): boolean {
  return (
    COUNTS.every((field) => (a[field] ?? 0) === (b[field] ?? 0)) &&
    a.terminatingReplicas === b.terminatingReplicas &&
    a.collisionCount === b.collisionCount &&
    sameConditions(a.conditions ?? [], b.conditions ?? [])
  );
}

function sameConditions(a: Conditions, b: Conditions): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((one, at) => {
        const other = b[at]!;
        return (
          one === other ||
          (one.type === other.type &&
            one.status === other.status &&
            one.reason === other.reason &&
            one.message === other.message &&
            one.lastUpdateTime === other.lastUpdateTime &&
            one.lastTransitionTime === other.lastTransitionTime)
        );
      }))
  );
}
