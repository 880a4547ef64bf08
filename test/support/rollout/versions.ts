import type { Deployment, Pod } from "#objects";
import type { LiveCluster } from "./live-cluster.ts";

/** `ended`: none of its containers runs any more, and only its object is still to go. */
export type PodPhase = "ready" | "starting" | "failing" | "stopping" | "ended";

/** A ReplicaSet of a Deployment: one version of the application. */
export interface Version {
  readonly name: string;
  readonly revision: number;
  readonly image: string;
  readonly desired: number;
  readonly pods: readonly { readonly name: string; readonly phase: PodPhase }[];
}

const FAILING = new Set(["ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff"]);

export function phaseOf({ metadata, status }: Pod): PodPhase {
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return "ended";
  if (metadata.deletionTimestamp) return "stopping";
  if (status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True")) return "ready";
  const waiting = status?.containerStatuses?.map(({ state }) => state?.waiting?.reason ?? "") ?? [];
  return waiting.some((reason) => FAILING.has(reason)) ? "failing" : "starting";
}

export const controllerOf = ({ metadata }: Pick<Pod, "metadata">) =>
  metadata.ownerReferences?.find(({ controller }) => controller)?.name;

/** Sorts the oldest first; a timestamp tells seconds only. */
const ageKey = ({ metadata }: Pod) => `${metadata.creationTimestamp} ${metadata.name}`;

/** The versions of a Deployment, oldest first. */
export function versionsOf(live: LiveCluster, deployment: string): Version[] {
  const pods = Map.groupBy(live.pods.values(), controllerOf);
  return [...live.replicaSets.values()]
    .filter((set) => controllerOf(set) === deployment)
    .map((set) => ({
      name: set.metadata.name!,
      revision: Number(set.metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0),
      image: set.spec?.template?.spec?.containers[0]?.image ?? "",
      desired: set.spec?.replicas ?? 0,
      pods: (pods.get(set.metadata.name) ?? [])
        .toSorted((a, b) => (ageKey(a) < ageKey(b) ? -1 : 1))
        .map((pod) => ({ name: pod.metadata.name!, phase: phaseOf(pod) })),
    }))
    .toSorted((a, b) => a.revision - b.revision);
}

/**
 * The Pods of a Deployment, by the names of their ReplicaSets. Each kind is watched by itself, so that a Pod may be
 * seen before its ReplicaSet is: the name alone says whose it is.
 */
export function podsBySet(live: LiveCluster, deployment: string): ReadonlyMap<string, readonly Pod[]> {
  const setOf = (pod: Pod) => {
    const set = controllerOf(pod);
    return set === `${deployment}-${pod.metadata.labels?.["pod-template-hash"]}` ? set : undefined;
  };
  const sets = new Map<string, Pod[]>();
  for (const pod of live.pods.values()) {
    const set = setOf(pod);
    if (set !== undefined) sets.set(set, [...(sets.get(set) ?? []), pod]);
  }
  return sets;
}

export const desiredOf = (deployment: Deployment | undefined) => deployment?.spec?.replicas ?? 0;

/** Whether `kubectl rollout status` would say "successfully rolled out", and nothing is left of older versions. */
export function isRolledOut(live: LiveCluster, name: string): boolean {
  const deployment = live.deployments.get(name);
  const { metadata, status } = deployment ?? {};
  const desired = desiredOf(deployment);
  const pods = versionsOf(live, name).flatMap((version) => version.pods);
  return (
    status?.observedGeneration === metadata?.generation &&
    status?.updatedReplicas === desired &&
    status?.replicas === desired &&
    status?.availableReplicas === desired &&
    pods.length === desired &&
    pods.every(({ phase }) => phase === "ready")
  );
}
