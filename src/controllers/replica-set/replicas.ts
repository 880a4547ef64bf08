import { messageOf } from "#base";
import {
  isPodActive,
  isPodTerminating,
  PODS,
  type KubeObject,
  type LabelMatcher,
  type Pod,
  type PodTemplateSpec,
  type ReplicaSetStatus,
  type ResourceType,
} from "#objects";
import type { SharedCaches } from "#client";
import { allow } from "../framework/access.ts";
import {
  adopter,
  allOf,
  anyOf,
  candidates,
  claim,
  controllerReference,
  createPod,
  defineController,
  deletePod,
  itself,
  owner,
  podFromTemplate,
  settleClaim,
  slowStart,
  watch,
  type ControllerDefinition,
  type Failure,
  type SyncContext,
} from "../framework/index.ts";
import { planReplicas, planStatus, type ReplicaStep, type ReplicaView } from "./plan.ts";

/** What ReplicaSets and ReplicationControllers have in common, and how each keeps it. */
export interface ReplicaKind<T extends KubeObject> {
  readonly name: string;
  readonly type: ResourceType<T>;
  readonly replicas: (object: T) => number;
  readonly minReadySeconds: (object: T) => number;
  readonly template: (object: T) => PodTemplateSpec | undefined;
  readonly matcher: (object: T) => LabelMatcher;
  readonly status: (object: T) => ReplicaSetStatus | undefined;
  readonly withStatus: (object: T, status: ReplicaSetStatus) => T;
  /** Whether the status tells how many pods are terminating. */
  readonly countsTerminating: boolean;
  /** Active pods of the sets that share the object's owner. */
  readonly related: (object: T, caches: SharedCaches, own: readonly Pod[]) => readonly Pod[];
}

/** A sync looks at every pod of the set; from this many on, changes are given time to gather. */
const MANY_PODS = 50;
const REST_MS = 20;

/** The controller that keeps the number of pods of each object of the kind. */
export function replicaController<T extends KubeObject>(kind: ReplicaKind<T>): ControllerDefinition {
  return defineController({
    name: kind.name,
    watches: [
      watch(kind.type, itself),
      watch<Pod>(PODS, anyOf<Pod>(owner(kind.type), adopter(kind.type, kind.matcher))),
    ],
    writes: [allow(kind.type, "update/status"), allow(PODS, "create", "patch", "delete")],
    start: () => (key, context) => sync(kind, key, context),
  });
}

async function sync<T extends KubeObject>(kind: ReplicaKind<T>, key: string, context: SyncContext) {
  const { caches, client, clock } = context;
  const object = caches.of(kind.type).get(key);
  if (!object) return undefined;
  const matcher = kind.matcher(object);
  const pods = claim(object, matcher, candidates(caches.of(PODS), object, matcher));
  const adopt = pods.adopt.filter(isPodActive);
  const release = pods.release.filter(isPodActive);
  if (adopt.length > 0 || release.length > 0) {
    // Which pods are replicas must be known before any is created or deleted: the next sync sees the outcome.
    await settleClaim(client, kind.type, object, PODS, { adopt, release });
    context.enqueue(key);
    return undefined;
  }

  const view = viewOf(kind, object, pods.owned, caches);
  const now = clock.now();
  const plan = planReplicas(view, now);
  if (plan.steps.length > 0) context.log.debug("applying", { key, because: plan.because });
  let failure: Failure | undefined;
  for (const step of plan.steps) failure ??= await apply(kind, object, step, context);
  const { steps, requeueAt } = planStatus(view, now, failure && messageOf(failure.error));
  for (const { status } of steps) {
    await client.update(kind.type, kind.withStatus(object, status), { subresource: "status" });
  }
  if (failure) throw failure.error;
  return {
    ...(requeueAt === undefined ? {} : { requeueAt }),
    ...(view.active.length >= MANY_PODS ? { restMs: REST_MS } : {}),
  };
}

function viewOf<T extends KubeObject>(
  kind: ReplicaKind<T>,
  object: T,
  owned: readonly Pod[],
  caches: SharedCaches,
): ReplicaView {
  const active = owned.filter(isPodActive);
  return {
    replicas: kind.replicas(object),
    minReadySeconds: kind.minReadySeconds(object),
    generation: Number(object.metadata.generation ?? 0),
    deleting: object.metadata.deletionTimestamp !== undefined,
    templateLabels: kind.template(object)?.metadata?.labels ?? {},
    status: kind.status(object),
    active,
    terminating: kind.countsTerminating ? owned.filter(isPodTerminating).length : undefined,
    // Looked for only where it counts: it may be many pods.
    related: active.length > kind.replicas(object) ? kind.related(object, caches, active) : active,
  };
}

/** Carries out a step. What goes wrong is returned, since the status has to tell it first. */
async function apply<T extends KubeObject>(
  kind: ReplicaKind<T>,
  object: T,
  step: ReplicaStep,
  context: SyncContext,
): Promise<Failure | undefined> {
  if (step.type === "delete") return allOf(step.pods, (pod) => deletePod(context, object, pod));
  const { namespace = "", name = "" } = object.metadata;
  const pod = podFromTemplate(kind.template(object), namespace, name, controllerReference(kind.type, object));
  const { failure } = await slowStart(Array.from({ length: step.count }), async () => {
    await createPod(context, object, pod);
  });
  return failure;
}
