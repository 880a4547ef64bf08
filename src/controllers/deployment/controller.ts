import { messageOf } from "#base";
import type { SharedCaches } from "#client";
import {
  DEPLOYMENTS,
  hasReason,
  isPodTerminal,
  PODS,
  REPLICA_SETS,
  type Deployment,
  type Pod,
  type ReplicaSet,
} from "#objects";
import { allow } from "../framework/access.ts";
import {
  adopter,
  anyOf,
  candidates,
  claim,
  controllerOf,
  defineController,
  isNamespaceTerminating,
  itself,
  matcherOf,
  owner,
  ownerKey,
  settleClaim,
  watch,
  type ControllerDefinition,
  type KeysOf,
  type SyncContext,
} from "../framework/index.ts";
import { REVISION } from "./annotations.ts";
import { condition, progressDeadline, withDeploymentCondition } from "./conditions.ts";
import { planDeployment, type DeploymentStep, type DeploymentView } from "./plan.ts";
import { sameTemplate } from "./template-hash.ts";

const selectorOf = ({ spec }: Deployment) => matcherOf(spec?.selector);

/** A Deployment that recreates waits for its last old pod to end. */
const recreating: KeysOf<Pod> = ({ type, object }, caches) => {
  if (type !== "deleted" && !isPodTerminal(object)) return undefined;
  const setKey = ownerKey(object, REPLICA_SETS);
  const set = setKey === undefined ? undefined : caches.of(REPLICA_SETS).get(setKey);
  const key = set && ownerKey(set, DEPLOYMENTS);
  const deployment = key === undefined ? undefined : caches.of(DEPLOYMENTS).get(key);
  return deployment?.spec?.strategy?.type === "Recreate" ? key : undefined;
};

/** Rolls out, scales and cleans up the ReplicaSets of every Deployment. */
export const deploymentController: ControllerDefinition = defineController({
  name: "deployment-controller",
  watches: [
    watch(DEPLOYMENTS, itself),
    watch<ReplicaSet>(REPLICA_SETS, anyOf<ReplicaSet>(owner(DEPLOYMENTS), adopter(DEPLOYMENTS, selectorOf))),
    watch(PODS, recreating),
  ],
  writes: [allow(DEPLOYMENTS, "update/status"), allow(REPLICA_SETS, "create", "update", "patch", "delete")],
  start: () => async (key, context) => {
    const { caches, client, clock } = context;
    const deployment = caches.of(DEPLOYMENTS).get(key);
    if (!deployment) return undefined;
    const matcher = selectorOf(deployment);
    const replicaSets = caches.of(REPLICA_SETS);
    const sets = claim(deployment, matcher, matcher.empty ? [] : candidates(replicaSets, deployment, matcher));
    if (sets.adopt.length > 0 || sets.release.length > 0) {
      await settleClaim(client, DEPLOYMENTS, deployment, REPLICA_SETS, sets);
      context.enqueue(key);
      return undefined;
    }
    const view: DeploymentView = {
      deployment,
      sets: sets.owned,
      setsWithPods: deployment.spec?.strategy?.type === "Recreate" ? setsWithPods(sets.owned, caches) : new Set(),
    };
    const plan = planDeployment(view, clock.now());
    if (plan.steps.length > 0) context.log.debug("rolling on", { key, because: plan.because });
    let current = deployment;
    for (const step of plan.steps) {
      const next = await apply(step, current, context);
      if (next === "stop") return undefined;
      current = next;
    }
    return plan.requeueAt === undefined ? undefined : { requeueAt: plan.requeueAt };
  },
});

function setsWithPods(sets: readonly ReplicaSet[], caches: SharedCaches): ReadonlySet<string> {
  const podsOf = ({ metadata }: ReplicaSet) => caches.of(PODS).index("controller", metadata.uid ?? "");
  const found = sets.filter((set) => podsOf(set).some((pod) => !isPodTerminal(pod)));
  return new Set(found.map(({ metadata }) => metadata.name ?? ""));
}

/** Carries out one step. Returns the Deployment as it is afterwards, or that the rest must wait for another look. */
async function apply(step: DeploymentStep, deployment: Deployment, context: SyncContext): Promise<Deployment | "stop"> {
  const { client, recorder } = context;
  const { namespace = "" } = deployment.metadata;
  switch (step.type) {
    case "create-set":
      return createSet(step, deployment, context);
    case "update-set": {
      await client.update(REPLICA_SETS, step.set);
      if (step.from !== step.to) {
        const direction = step.from < step.to ? "up" : "down";
        const message = `Scaled ${direction} replica set ${step.set.metadata.name} from ${step.from} to ${step.to}`;
        recorder.event(deployment, "Normal", "ScalingReplicaSet", message);
      }
      return deployment;
    }
    case "delete-set": {
      const { uid, resourceVersion } = step.set.metadata;
      try {
        await client.delete(
          REPLICA_SETS,
          { namespace, name: step.set.metadata.name ?? "" },
          { preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) } },
        );
      } catch (error) {
        if (!hasReason(error, "NotFound")) throw error;
      }
      return deployment;
    }
    case "update-status": {
      const { metadata } = deployment;
      const { status, revision } = step;
      const annotations =
        revision === undefined ? {} : { annotations: { ...metadata.annotations, [REVISION]: revision } };
      return client.update(
        DEPLOYMENTS,
        { ...deployment, metadata: { ...metadata, ...annotations }, status },
        { subresource: "status" },
      );
    }
    case "event":
      recorder.event(deployment, step.level, step.reason, step.message);
      return deployment;
  }
}

async function createSet(
  { set }: DeploymentStep & { readonly type: "create-set" },
  deployment: Deployment,
  context: SyncContext,
): Promise<Deployment | "stop"> {
  const { client, recorder } = context;
  const { name } = set.metadata;
  try {
    await client.create(REPLICA_SETS, set);
  } catch (error) {
    if (hasReason(error, "AlreadyExists")) return onSameName(name, deployment, context, error);
    if (isNamespaceTerminating(error)) return "stop";
    const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
    recorder.event(deployment, "Warning", "ReplicaSetCreateError", message);
    if (progressDeadline(deployment) !== undefined) await reportFailure(message, deployment, context);
    throw error;
  }
  const size = set.spec?.replicas ?? 0;
  if (size > 0) {
    recorder.event(deployment, "Normal", "ScalingReplicaSet", `Scaled up replica set ${name} from 0 to ${size}`);
  }
  return deployment;
}

/** A set of the name is there: our own, made by a sync whose answer got lost, or one of another template. */
async function onSameName(
  name: string,
  deployment: Deployment,
  { client }: SyncContext,
  cause: unknown,
): Promise<"stop"> {
  const { namespace = "", uid } = deployment.metadata;
  const existing = await client.get(REPLICA_SETS, { namespace, name });
  // Our own shows up in the cache, which wakes this Deployment.
  if (controllerOf(existing)?.uid === uid && sameTemplate(existing.spec?.template, deployment.spec?.template)) {
    return "stop";
  }
  const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
  await client.update(DEPLOYMENTS, { ...deployment, status }, { subresource: "status" });
  throw cause;
}

async function reportFailure(message: string, deployment: Deployment, { client, clock, log }: SyncContext) {
  const failed = condition("Progressing", "False", "ReplicaSetCreateError", message, clock.now());
  const status = {
    ...deployment.status,
    conditions: withDeploymentCondition(deployment.status?.conditions ?? [], failed),
  };
  try {
    await client.update(DEPLOYMENTS, { ...deployment, status }, { subresource: "status" });
  } catch (error) {
    // The failure itself is what matters, and the caller reports it.
    log.debug("status not updated", { error });
  }
}
