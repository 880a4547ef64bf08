import type { Change, SharedCaches } from "#client";
import {
  DAEMON_SETS,
  DEPLOYMENTS,
  groupResource,
  JOBS,
  keyOf,
  NODES,
  POD_DISRUPTION_BUDGETS,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  STATEFUL_SETS,
  type KubeObject,
  type Pod,
  type PodDisruptionBudget,
  type ResourceType,
} from "#objects";
import { allow } from "../framework/access.ts";
import { defineController, syncByPlan, type ControllerDefinition } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { matcherOf } from "../framework/selector.ts";
import { controllerOf, itself, refersTo, watch } from "../framework/watch.ts";
import { disruptedSince, planBudget, planPod, type BudgetView, type PodView, type Scale } from "./plan.ts";

const POD = "pod:";

/** Keeps what each PodDisruptionBudget allows, which evictions ask for. */
export const disruptionController: ControllerDefinition = defineController({
  name: "disruption-controller",
  watches: [
    watch(POD_DISRUPTION_BUDGETS, itself),
    watch(PODS, wakenByPod),
    watch(DEPLOYMENTS, budgetsBeside),
    watch(REPLICA_SETS, budgetsBeside),
    watch(REPLICATION_CONTROLLERS, budgetsBeside),
    watch(STATEFUL_SETS, budgetsBeside),
  ],
  writes: [allow(POD_DISRUPTION_BUDGETS, "update/status"), allow(PODS, "patch/status")],
  start: () => (key, context) => (key.startsWith(POD) ? syncPod(key, context) : syncBudget(key, context)),
});

const syncBudget = syncByPlan({
  look(key, { caches }): BudgetView | undefined {
    const budget = caches.of(POD_DISRUPTION_BUDGETS).get(key);
    if (!budget || budget.metadata.deletionTimestamp) return undefined;
    const matcher = matcherOf(budget.spec?.selector);
    const pods = caches
      .of(PODS)
      .index("namespace", budget.metadata.namespace ?? "")
      .filter(({ metadata }) => matcher.matches(metadata.labels))
      .map((pod) => ({ pod, scale: scaleOf(caches, pod) }));
    return { budget, pods };
  },
  plan: planBudget,
  async apply(step, { client, recorder }, { budget }) {
    if (step.type === "event") recorder.event(step.about, step.level, step.reason, step.message);
    else {
      const { status } = step;
      await unlessGone(client.update(POD_DISRUPTION_BUDGETS, { ...budget, status }, { subresource: "status" }));
    }
  },
});

/** A pod under several budgets is told of; one that was to be disrupted in vain is spared. */
const syncPod = syncByPlan({
  look(key, { caches }): PodView | undefined {
    const pod = caches.of(PODS).get(key.slice(POD.length));
    return pod && { pod, budgets: budgetsOf(pod, caches).map(({ metadata }) => metadata.name ?? "") };
  },
  plan: planPod,
  async apply(step, { client, recorder }, { pod }) {
    if (step.type === "warn") recorder.event(pod, "Warning", step.reason, step.message);
    else {
      const { namespace = "", name = "", uid, resourceVersion } = pod.metadata;
      const body = { metadata: { uid, resourceVersion }, status: { conditions: step.conditions } };
      await unlessGone(client.patch(PODS, { namespace, name }, { type: "merge", body }, { subresource: "status" }));
    }
  },
});

function budgetsOf({ metadata }: Pod, caches: SharedCaches): readonly PodDisruptionBudget[] {
  return caches
    .of(POD_DISRUPTION_BUDGETS)
    .index("namespace", metadata.namespace ?? "")
    .filter(({ spec }) => matcherOf(spec?.selector).matches(metadata.labels));
}

/** The budgets that select the pod, or did; and the pod itself where something is to be done about it. */
function wakenByPod({ type, object, previous }: Change<Pod>, caches: SharedCaches): Iterable<string> {
  const now = budgetsOf(object, caches).map(keyOf);
  const keys = new Set([...now, ...(previous ? budgetsOf(previous, caches).map(keyOf) : [])]);
  if (type !== "deleted" && (now.length > 1 || disruptedSince(object) !== undefined)) keys.add(POD + keyOf(object));
  return keys;
}

/** A change of a scale concerns the budgets of its namespace, of which there are few. */
function budgetsBeside(
  change: {
    readonly object: {
      readonly metadata: { readonly namespace?: string };
      readonly spec?: { readonly replicas?: number };
    };
    readonly previous?: { readonly spec?: { readonly replicas?: number } } | undefined;
  },
  caches: SharedCaches,
): string[] {
  if (change.previous && change.previous.spec?.replicas === change.object.spec?.replicas) return [];
  return caches
    .of(POD_DISRUPTION_BUDGETS)
    .index("namespace", change.object.metadata.namespace ?? "")
    .map(keyOf);
}

/** How many pods the controller of a pod wants; undefined: it has none. */
function scaleOf(caches: SharedCaches, pod: Pod): Scale | undefined {
  const owner = controllerOf(pod);
  if (!owner) return undefined;
  const withoutScale = WITHOUT_SCALE.find((type) => refersTo(owner, type));
  if (withoutScale) return { problem: `${groupResource(withoutScale)} does not implement the scale subresource` };
  const { name = "", namespace = "" } = pod.metadata;
  const found = SCALED.find((type) => refersTo(owner, type));
  const object = found && caches.of(found).get(keyOf({ namespace, name: owner.name }));
  const unknown = { problem: `found no controllers for pod "${name}"` };
  if (object?.metadata.uid !== owner.uid) return unknown;
  const above = found === REPLICA_SETS ? controllerOf(object) : undefined;
  if (!above || !refersTo(above, DEPLOYMENTS)) return { uid: owner.uid, replicas: object.spec?.replicas ?? 1 };
  const deployment = caches.of(DEPLOYMENTS).get(keyOf({ namespace, name: above.name }));
  if (deployment?.metadata.uid !== above.uid) return unknown;
  return { uid: above.uid, replicas: deployment.spec?.replicas ?? 1 };
}

type Scaled = KubeObject & { readonly spec?: { readonly replicas?: number } };
const SCALED: readonly ResourceType<Scaled>[] = [REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS];
const WITHOUT_SCALE: readonly ResourceType[] = [DAEMON_SETS, JOBS, NODES];
