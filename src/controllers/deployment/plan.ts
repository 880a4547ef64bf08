import { findCondition, type Deployment, type DeploymentStatus, type New, type ReplicaSet } from "#objects";
import type { Plan } from "../framework/index.ts";
import { annotationsOfNewest, REVISION, sameAnnotations, withReplicas, type Annotations } from "./annotations.ts";
import {
  condition,
  isComplete,
  nextProgressCheck,
  progressDeadline,
  withAvailability,
  withDeploymentCondition,
  withPause,
  withProgress,
  withReplicaFailure,
} from "./conditions.ts";
import { limitsOf, type Limits } from "./limits.ts";
import { scaleProportionally, wasScaled } from "./proportional.ts";
import { decideRecreate } from "./recreate.ts";
import { newReplicaSet, newReplicaSetName, revisionsOf, surplusHistory, type Revisions } from "./revision.ts";
import { growNewest, shrinkOld, sizeWhenCreated } from "./rolling.ts";
import { availableOf, nameOf, sizeOf, type Sizes } from "./sets.ts";
import { figures, sameStatus } from "./status.ts";

/** What the Deployment controller has seen. */
export interface DeploymentView {
  readonly deployment: Deployment;
  /** The sets that it controls. */
  readonly sets: readonly ReplicaSet[];
  /** The names of the sets with pods that are not at their end, terminating ones included; for Recreate only. */
  readonly setsWithPods: ReadonlySet<string>;
}

export type DeploymentStep =
  | { readonly type: "create-set"; readonly set: New<ReplicaSet> & { readonly metadata: { readonly name: string } } }
  /** `from` and `to` are the sizes before and after; they may be the same. */
  | { readonly type: "update-set"; readonly set: ReplicaSet; readonly from: number; readonly to: number }
  | { readonly type: "delete-set"; readonly set: ReplicaSet }
  /** The revision goes into the Deployment's annotations with the status: that makes no new generation. */
  | { readonly type: "update-status"; readonly status: DeploymentStatus; readonly revision: string | undefined }
  | { readonly type: "event"; readonly level: "Normal" | "Warning"; readonly reason: string; readonly message: string };

/** What to do with the sets. */
interface Decision {
  /** Sets that get a size, with the replica annotations that go with it, be it the size they have. */
  readonly sizes: Sizes;
  /** The size to create the newest set with. */
  readonly create?: number;
  readonly remove: readonly ReplicaSet[];
  /** Whether this is a step of a rollout, whose progress counts. */
  readonly rollout: boolean;
  readonly because: string;
}

/** The next steps of a Deployment. `now` in milliseconds since the epoch. */
export function planDeployment(view: DeploymentView, now: number): Plan<DeploymentStep> {
  const { deployment } = view;
  if (selectsEverything(deployment)) return refuse(deployment);
  const limits = limitsOf(deployment);
  const revisions = revisionsOf(deployment, view.sets);
  const deleting = deployment.metadata.deletionTimestamp !== undefined;
  const decision: Decision = deleting
    ? { sizes: new Map(), remove: [], rollout: false, because: "it is being deleted" }
    : decide(view, revisions, limits);

  const steps: DeploymentStep[] = [];
  let revision = revisions.newest?.metadata.annotations?.[REVISION];
  if (decision.create !== undefined) {
    const annotations = withReplicas(annotationsOfNewest(deployment, {}, revisions.revision), limits);
    steps.push({ type: "create-set", set: newReplicaSet(deployment, decision.create, annotations) });
    revision = annotations[REVISION];
  }
  if (!deleting) {
    for (const set of view.sets) {
      const step = updateOf(set, deployment, revisions, decision.sizes, limits);
      if (!step) continue;
      steps.push(step);
      if (set === revisions.newest) revision = step.set.metadata.annotations?.[REVISION];
    }
    for (const set of decision.remove) steps.push({ type: "delete-set", set });
  }

  const status = statusAfter(view, revisions, limits, decision, deleting, now);
  const revised = !deleting && revision !== undefined && deployment.metadata.annotations?.[REVISION] !== revision;
  if (revised || !sameStatus(deployment.status, status)) steps.push({ type: "update-status", status, revision });
  const requeueAt = decision.rollout ? nextProgressCheck(deployment, status, now) : undefined;
  return { steps, because: decision.because, ...(requeueAt === undefined ? {} : { requeueAt }) };
}

function decide(view: DeploymentView, revisions: Revisions, limits: Limits): Decision {
  const { deployment, sets } = view;
  const { newest, old } = revisions;
  const none: Sizes = new Map();
  if (deployment.spec?.paused) {
    return {
      sizes: scaleProportionally(deployment, revisions, limits, view.setsWithPods),
      remove: surplusHistory(deployment, old),
      rollout: false,
      because: "it is paused: sets are scaled, but no rollout proceeds",
    };
  }
  if (wasScaled(sets, limits)) {
    return {
      sizes: scaleProportionally(deployment, revisions, limits, view.setsWithPods),
      remove: [],
      rollout: false,
      because: `it was scaled to ${limits.desired}: each set gets its share`,
    };
  }
  const remove = isComplete(deployment, deployment.status ?? {}) ? surplusHistory(deployment, old) : [];

  if (deployment.spec?.strategy?.type === "Recreate") {
    const decision = decideRecreate(newest, old, limits, view.setsWithPods);
    switch (decision.type) {
      case "end-old":
        return { sizes: decision.sizes, remove: [], rollout: true, because: "old pods end before new ones start" };
      case "wait":
        return { sizes: none, remove: [], rollout: true, because: "old pods have not ended yet" };
      case "create":
        return { sizes: none, create: decision.size, remove, rollout: true, because: "all old pods have ended" };
      case "scale":
        return { sizes: decision.sizes, remove, rollout: true, because: "all old pods have ended" };
    }
  }

  if (!newest) {
    const create = sizeWhenCreated(old, limits);
    // Old sets may shrink in the same step: the set that is being created has no available pods.
    const sizes = shrinkOld({ size: create, available: 0 }, old, limits);
    return { sizes, create, remove: [], rollout: true, because: "the template has no ReplicaSet yet" };
  }
  const size = growNewest(newest, old, limits);
  if (size !== sizeOf(newest)) {
    const because = `there may be ${limits.maxTotal} pods: the new set goes from ${sizeOf(newest)} to ${size}`;
    return { sizes: new Map([[nameOf(newest), size]]), remove: [], rollout: true, because };
  }
  const sizes = shrinkOld({ size, available: availableOf(newest) }, old, limits);
  if (sizes.size > 0) {
    const because = `${limits.minAvailable} pods must be available: old sets give up what is above that`;
    return { sizes, remove: [], rollout: true, because };
  }
  return { sizes, remove, rollout: true, because: "nothing can move now" };
}

/** One update for all that changes on a set: size, annotations, minReadySeconds. */
function updateOf(
  set: ReplicaSet,
  deployment: Deployment,
  { newest, revision }: Revisions,
  sizes: Sizes,
  limits: Limits,
): (DeploymentStep & { readonly type: "update-set" }) | undefined {
  const current: Annotations = set.metadata.annotations ?? {};
  const from = sizeOf(set);
  const to = sizes.get(nameOf(set)) ?? from;
  let annotations = set === newest ? annotationsOfNewest(deployment, current, revision) : current;
  if (sizes.has(nameOf(set))) annotations = withReplicas(annotations, limits);
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  const otherReadiness = set === newest && (set.spec?.minReadySeconds ?? 0) !== minReadySeconds;
  if (from === to && !otherReadiness && sameAnnotations(current, annotations)) return undefined;
  const { minReadySeconds: _old, ...spec } = set.spec!;
  const readiness = set === newest ? minReadySeconds : (set.spec?.minReadySeconds ?? 0);
  return {
    type: "update-set",
    from,
    to,
    set: {
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...spec, replicas: to, ...(readiness > 0 ? { minReadySeconds: readiness } : {}) },
    },
  };
}

function statusAfter(
  { deployment, sets }: DeploymentView,
  { newest }: Revisions,
  limits: Limits,
  decision: Decision,
  deleting: boolean,
  now: number,
): DeploymentStatus {
  const planned = sets.reduce((total, set) => total + (decision.sizes.get(nameOf(set)) ?? sizeOf(set)), 0);
  const status = figures(deployment, sets, newest, planned + (decision.create ?? 0));
  let conditions = deployment.status?.conditions ?? [];
  let newestName = newest && nameOf(newest);
  if (!deleting) {
    conditions = withPause(deployment, conditions, now);
    if (decision.create !== undefined) newestName = newReplicaSetName(deployment);
    if (progressDeadline(deployment) !== undefined && newestName !== undefined) {
      if (decision.create !== undefined) {
        const created = `Created new replica set "${newestName}"`;
        conditions = withDeploymentCondition(
          conditions,
          condition("Progressing", "True", "NewReplicaSetCreated", created, now),
        );
      } else if (!findCondition(conditions, "Progressing")) {
        const found = `Found new replica set "${newestName}"`;
        conditions = withDeploymentCondition(
          conditions,
          condition("Progressing", "True", "FoundNewReplicaSet", found, now),
        );
      }
    }
  }
  conditions = withAvailability(conditions, (status.availableReplicas ?? 0) >= limits.minAvailable, now);
  if (decision.rollout) {
    conditions = withProgress(deployment, newestName, status, conditions, now);
    conditions = withReplicaFailure(conditions, newest, sets);
  }
  return { ...status, conditions };
}

function selectsEverything({ spec }: Deployment): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** Such a Deployment would take all pods; validation refuses new ones. */
function refuse(deployment: Deployment): Plan<DeploymentStep> {
  const message = "This deployment is selecting all pods. A non-empty selector is required.";
  const steps: DeploymentStep[] = [{ type: "event", level: "Warning", reason: "SelectingAll", message }];
  const { generation = 0 } = deployment.metadata;
  if ((deployment.status?.observedGeneration ?? 0) < generation) {
    const status = { ...deployment.status, observedGeneration: generation };
    steps.push({ type: "update-status", status, revision: undefined });
  }
  return { steps, because: message };
}
