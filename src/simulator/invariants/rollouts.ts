import { podCondition, type Deployment, type Pod, type ReplicaSet } from "#objects";
import type { Truth } from "../truth.ts";
import { named, type Invariant } from "./invariant.ts";

/** The least and the most that a Deployment's spec allows. */
export interface Bounds {
  /** Available Pods. */
  readonly least: number;
  /** Replicas of all its ReplicaSets together. */
  readonly most: number;
}

/** `25%` of `total`, or the number itself. */
function amount(value: number | string | undefined, total: number, round: (x: number) => number): number {
  const given = value ?? "25%";
  return typeof given === "number" ? given : round((Number.parseInt(given, 10) * total) / 100);
}

/** Of a spec (upstream ResolveFenceposts). */
export function boundsOf({ spec }: Deployment): Bounds {
  const replicas = spec?.replicas ?? 1;
  if (spec?.strategy?.type === "Recreate") return { least: 0, most: replicas };
  const { maxSurge, maxUnavailable } = spec?.strategy?.rollingUpdate ?? {};
  const surge = amount(maxSurge, replicas, Math.ceil);
  const unavailable = amount(maxUnavailable, replicas, Math.floor);
  return {
    least: Math.max(0, replicas - (surge === 0 && unavailable === 0 ? 1 : unavailable)),
    most: replicas + surge,
  };
}

const isAvailable = (pod: Pod) =>
  pod.metadata.deletionTimestamp === undefined && podCondition(pod, "Ready")?.status === "True";

const ownedBy = <T extends Pod | ReplicaSet>(objects: readonly T[], uid: string | undefined) =>
  objects.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid));

/** All that a Deployment may count by: the specs that it had since it was last complete. */
interface Watched {
  readonly bounds: Bounds[];
  /** It has been complete since it was created. */
  complete: boolean;
  /** What {@link RolloutOptions.unanswered} was when it was last complete, or created. */
  unanswered: number;
}

export interface RolloutOptions {
  /** Nothing takes Pods away but the rollout itself: then it must keep enough of them available. */
  readonly calm: boolean;
  /**
   * Requests of the controllers, so far, whose answers were lost. Such a request may have made a ReplicaSet that its
   * controller does not see yet, and then the bounds do not hold until the rollout is complete (nor do upstream's).
   */
  readonly unanswered?: () => number;
}

/** A rollout keeps within maxSurge, and within maxUnavailable where nothing else takes Pods away. */
export function rolloutsKeepTheirBounds({ calm, unanswered = () => 0 }: RolloutOptions): Invariant {
  const watched = new Map<string, Watched>();

  const onDeployment = (deployment: Deployment, truth: Truth): undefined => {
    const { uid = "" } = deployment.metadata;
    const known = watched.get(uid) ?? { bounds: [], complete: false, unanswered: unanswered() };
    watched.set(uid, known);
    const bounds = boundsOf(deployment);
    const sets = ownedBy(truth.of<ReplicaSet>("ReplicaSet"), uid);
    const { replicas = 1 } = deployment.spec ?? {};
    const settled =
      deployment.status?.observedGeneration === deployment.metadata.generation &&
      deployment.status?.updatedReplicas === replicas &&
      deployment.status.availableReplicas === replicas &&
      sets.reduce((sum, set) => sum + (set.spec?.replicas ?? 0), 0) === replicas;
    if (settled) {
      known.complete = true;
      known.unanswered = unanswered();
      known.bounds.length = 0;
    }
    const last = known.bounds.at(-1);
    if (last?.least !== bounds.least || last.most !== bounds.most) known.bounds.push(bounds);
    return undefined;
  };

  const deploymentOf = (truth: Truth, uid: string) =>
    truth.of<Deployment>("Deployment").find(({ metadata }) => metadata.uid === uid);

  const onReplicaSet = (before: ReplicaSet | undefined, after: ReplicaSet, truth: Truth): string | undefined => {
    if ((after.spec?.replicas ?? 1) <= (before?.spec?.replicas ?? 0)) return undefined;
    const owner = after.metadata.ownerReferences?.find(({ controller }) => controller)?.uid ?? "";
    const deployment = deploymentOf(truth, owner);
    const known = watched.get(owner);
    if (!deployment || !known || unanswered() > known.unanswered) return undefined;
    const total = ownedBy(truth.of<ReplicaSet>("ReplicaSet"), owner).reduce(
      (sum, set) => sum + (set.spec?.replicas ?? 0),
      0,
    );
    const most = Math.max(...known.bounds.map((bounds) => bounds.most));
    return total > most
      ? `Deployment ${named(deployment)} has ${total} replicas, at most ${most} are allowed`
      : undefined;
  };

  const onPod = (before: Pod, after: Pod | undefined, truth: Truth): string | undefined => {
    if (!calm || !isAvailable(before) || (after && isAvailable(after))) return undefined;
    const setUid = before.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
    const set = truth.of<ReplicaSet>("ReplicaSet").find(({ metadata }) => metadata.uid === setUid);
    const owner = set?.metadata.ownerReferences?.find(({ controller }) => controller)?.uid ?? "";
    const deployment = deploymentOf(truth, owner);
    const known = watched.get(owner);
    if (!deployment || deployment.metadata.deletionTimestamp || !known?.complete) return undefined;
    if (unanswered() > known.unanswered) return undefined;
    const sets = new Set(ownedBy(truth.of<ReplicaSet>("ReplicaSet"), owner).map(({ metadata }) => metadata.uid));
    const available = truth
      .of<Pod>("Pod")
      .filter((pod) => isAvailable(pod) && pod.metadata.ownerReferences?.some(({ uid }) => sets.has(uid))).length;
    const least = Math.min(...known.bounds.map((bounds) => bounds.least));
    return available < least
      ? `Deployment ${named(deployment)} has ${available} available Pods, at least ${least} are to be kept`
      : undefined;
  };

  return {
    name: "rollouts keep their bounds",
    check({ kind, before, after }, truth) {
      if (kind === "Deployment" && after) return onDeployment(after as Deployment, truth);
      if (kind === "ReplicaSet" && after)
        return onReplicaSet(before as ReplicaSet | undefined, after as ReplicaSet, truth);
      if (kind === "Pod" && before) return onPod(before as Pod, after as Pod | undefined, truth);
      return undefined;
    },
  };
}
