import { getScale, type Change, type SharedCaches } from "#client";
import {
  DEPLOYMENTS,
  groupResource,
  hasReason,
  keyOf,
  parseGroupVersion,
  POD_DISRUPTION_BUDGETS,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  STATEFUL_SETS,
  type KubeObject,
  type OwnerReference,
  type Pod,
  type PodDisruptionBudget,
  type ResourceType,
} from "#objects";
import { allow, ANY_KIND } from "../framework/access.ts";
import { defineController, syncByPlan, type ControllerDefinition, type SyncContext } from "../framework/definition.ts";
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
  writes: [
    allow(POD_DISRUPTION_BUDGETS, "update/status"),
    allow(PODS, "patch/status"),
    // The controllers of pods are of any kind.
    allow(ANY_KIND, "get/scale"),
  ],
  start: () => (key, context) => (key.startsWith(POD) ? syncPod(key, context) : syncBudget(key, context)),
});

const syncBudget = syncByPlan({
  async look(key, { client, caches }): Promise<BudgetView | undefined> {
    const budget = caches.of(POD_DISRUPTION_BUDGETS).get(key);
    if (!budget || budget.metadata.deletionTimestamp) return undefined;
    const matcher = matcherOf(budget.spec?.selector);
    const scales = new Scales({ client, caches });
    const pods: BudgetView["pods"][number][] = [];
    for (const pod of caches.of(PODS).index("namespace", budget.metadata.namespace ?? "")) {
      if (matcher.matches(pod.metadata.labels)) pods.push({ pod, scale: await scales.of(pod) });
    }
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

/** How many pods the controllers of pods want, each looked up once. */
class Scales {
  readonly #context: Pick<SyncContext, "client" | "caches">;
  /** By the uid of the controller. */
  readonly #known = new Map<string, Scale>();

  constructor(context: Pick<SyncContext, "client" | "caches">) {
    this.#context = context;
  }

  /** Of the pod's controller; undefined: it has none. */
  async of(pod: Pod): Promise<Scale | undefined> {
    const owner = controllerOf(pod);
    if (!owner) return undefined;
    let scale = this.#known.get(owner.uid);
    if (!scale) {
      const { name = "", namespace = "" } = pod.metadata;
      const found = this.#ofWorkload(owner, namespace) ?? (await this.#ofAny(owner, namespace));
      scale = found ?? { problem: `found no controllers for pod "${name}"` };
      this.#known.set(owner.uid, scale);
    }
    return scale;
  }

  /** Of the kinds that are watched; a ReplicaSet's Deployment counts in its place. */
  #ofWorkload(owner: OwnerReference, namespace: string): Scale | undefined {
    const { caches } = this.#context;
    const type = SCALED.find((candidate) => refersTo(owner, candidate));
    const object = type && caches.of(type).get(keyOf({ namespace, name: owner.name }));
    if (object?.metadata.uid !== owner.uid) return undefined;
    const above = type === REPLICA_SETS ? controllerOf(object) : undefined;
    if (!above || !refersTo(above, DEPLOYMENTS)) return { uid: owner.uid, replicas: object.spec?.replicas ?? 1 };
    const deployment = caches.of(DEPLOYMENTS).get(keyOf({ namespace, name: above.name }));
    if (deployment?.metadata.uid !== above.uid) return undefined;
    return { uid: above.uid, replicas: deployment.spec?.replicas ?? 1 };
  }

  /** Of any kind, by its scale subresource. */
  async #ofAny({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): Promise<Scale | undefined> {
    const { client } = this.#context;
    const resource = await client.discovery.find({ ...parseGroupVersion(apiVersion), kind });
    if (!resource) return { problem: `no matches for kind "${kind}" in version "${apiVersion}"` };
    if (!resource.subresources.some((one) => one.name === "scale")) {
      return { problem: `${groupResource(resource)} does not implement the scale subresource` };
    }
    try {
      const scale = await getScale(client, resource, { namespace, name });
      return scale.metadata.uid === uid ? { uid, replicas: scale.spec?.replicas ?? 0 } : undefined;
    } catch (error) {
      return hasReason(error, "NotFound") ? undefined : { problem: (error as Error).message };
    }
  }
}

type Scaled = KubeObject & { readonly spec?: { readonly replicas?: number } };
const SCALED: readonly ResourceType<Scaled>[] = [REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS];
