import type { SharedCaches } from "#client";
import {
  DEPLOYMENTS,
  keyOf,
  POD_DISRUPTION_BUDGETS,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  STATEFUL_SETS,
  type Pod,
} from "#objects";
import { defineController, type ControllerDefinition } from "../framework/definition.ts";
import { unlessGone } from "../framework/gone.ts";
import { matcherOf } from "../framework/selector.ts";
import { controllerOf, itself, refersTo, watch } from "../framework/watch.ts";
import { planBudget } from "./plan.ts";

/** Keeps what each PodDisruptionBudget allows, which evictions ask for. */
export const disruptionController: ControllerDefinition = defineController({
  name: "disruption-controller",
  watches: [
    watch(POD_DISRUPTION_BUDGETS, itself),
    watch(PODS, ({ object, previous }, caches) => {
      const { namespace = "" } = object.metadata;
      const budgets = caches.of(POD_DISRUPTION_BUDGETS).index("namespace", namespace);
      return budgets
        .filter(({ spec }) => {
          const matcher = matcherOf(spec?.selector);
          return matcher.matches(object.metadata.labels) || (previous && matcher.matches(previous.metadata.labels));
        })
        .map(keyOf);
    }),
    watch(DEPLOYMENTS, budgetsBeside),
    watch(REPLICA_SETS, budgetsBeside),
    watch(REPLICATION_CONTROLLERS, budgetsBeside),
    watch(STATEFUL_SETS, budgetsBeside),
  ],
  async sync(key, { caches, client, clock, recorder }) {
    const budget = caches.of(POD_DISRUPTION_BUDGETS).get(key);
    if (!budget || budget.metadata.deletionTimestamp) return;
    const matcher = matcherOf(budget.spec?.selector);
    const pods = caches
      .of(PODS)
      .index("namespace", budget.metadata.namespace ?? "")
      .filter(({ metadata }) => matcher.matches(metadata.labels));
    const scales = new Map<string, number | undefined>();
    const uids = new Map<Pod, string | undefined>();
    for (const pod of pods) {
      const owner = scaleOf(caches, pod);
      uids.set(pod, owner?.uid);
      if (owner) scales.set(owner.uid, owner.replicas);
    }
    const plan = planBudget({ budget, pods, scales, controllerUid: (pod) => uids.get(pod) }, clock.now());
    if (plan.problem !== undefined) {
      recorder.event(
        budget,
        "Warning",
        "CalculateExpectedPodCountFailed",
        `Failed to calculate the number of expected pods: ${plan.problem}`,
      );
    }
    if (JSON.stringify(sorted(plan.status)) !== JSON.stringify(sorted(budget.status ?? {}))) {
      await unlessGone(
        client.update(POD_DISRUPTION_BUDGETS, { ...budget, status: plan.status }, { subresource: "status" }),
      );
    }
    return plan.requeueAt === undefined ? {} : { requeueAt: plan.requeueAt };
  },
});

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

/** Who keeps the number of pods that this one is of, and what that number is. */
function scaleOf(
  caches: SharedCaches,
  pod: Pod,
): { readonly uid: string; readonly replicas: number | undefined } | undefined {
  const owner = controllerOf(pod);
  if (!owner) return undefined;
  const { namespace = "" } = pod.metadata;
  const at = (name: string) => keyOf({ namespace, name });
  if (refersTo(owner, REPLICA_SETS)) {
    const set = caches.of(REPLICA_SETS).get(at(owner.name));
    const above = set && controllerOf(set);
    if (above && refersTo(above, DEPLOYMENTS)) {
      return { uid: above.uid, replicas: caches.of(DEPLOYMENTS).get(at(above.name))?.spec?.replicas };
    }
    return { uid: owner.uid, replicas: set?.spec?.replicas };
  }
  if (refersTo(owner, REPLICATION_CONTROLLERS)) {
    return { uid: owner.uid, replicas: caches.of(REPLICATION_CONTROLLERS).get(at(owner.name))?.spec?.replicas };
  }
  if (refersTo(owner, STATEFUL_SETS)) {
    return { uid: owner.uid, replicas: caches.of(STATEFUL_SETS).get(at(owner.name))?.spec?.replicas };
  }
  return { uid: owner.uid, replicas: undefined };
}

/** With its keys in one order, whoever wrote it. */
function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
