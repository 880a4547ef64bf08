import {
  badRequest,
  compileLabelSelector,
  conflict,
  draftOf,
  findCondition,
  forbiddenError,
  formatTime,
  hasReason,
  internalError,
  isPodReady,
  isPodTerminal,
  plainError,
  tooManyRequests,
  validateDeleteOptions,
  withCondition,
  type AnyDraft,
  type DeleteOptions as SentOptions,
  type DeletionRequest,
  type Draft,
  type Eviction,
  type KubeObject,
  type ObjectKey,
  type Pod,
  type PodDisruptionBudget,
  schemaOf,
} from "#objects";
import type { CreateSubresource, Registry, Resource, WriteContext } from "../../../definition.ts";
import { success } from "./binding.ts";

const PODS = { group: "", resource: "pods" };
const BUDGETS = { group: "policy", resource: "poddisruptionbudgets" };

/** `pods/eviction`: deletes a pod unless a disruption budget is against it, as `kubectl drain` does. */
export const eviction: CreateSubresource<Pod> = {
  type: "create",
  body: {
    group: "policy",
    version: "v1",
    kind: "Eviction",
    get schema() {
      return schemaOf("io.k8s.api.policy.v1.Eviction");
    },
  },
  async handle({ key, body, context, parent }) {
    const request = body as unknown as Eviction;
    if (request.metadata.name !== key.name) throw badRequest("name in URL does not match name in Eviction object");
    const sent = withDryRun(request.deleteOptions ?? {}, context.dryRun);
    let pod = await parent();
    const options = validateDeleteOptions(sent);
    for (let attempt = 1; !(await evict(pod, options, context)); attempt++) {
      if (attempt === MAX_ATTEMPTS) throw conflict(POD, key.name, "the pod changes again and again");
      pod = await parent();
    }
    return success();
  },
};

const POD = { group: "", resource: "Pod" };
/** How often an eviction is tried anew when the pod changed meanwhile (upstream EvictionsRetry). */
const MAX_ATTEMPTS = 20;

/** The eviction's own options with the dry run of the request. Throws 500, as upstream, when the two disagree. */
function withDryRun(options: SentOptions, dryRun: boolean): SentOptions {
  const own = options.dryRun ?? [];
  if (!dryRun) return options;
  if (own.length > 0 && !(own.length === 1 && own[0] === "All")) {
    throw plainError(`Non-matching dry-run options in request and content: [All] and [${own.join(" ")}]`);
  }
  return { ...options, dryRun: ["All"] };
}

/**
 * Deletes the pod as it was looked at. False: it changed since, and the eviction has to be judged anew.
 * Source: upstream EvictionREST.Create.
 */
async function evict(pod: Pod, options: DeletionRequest, context: WriteContext): Promise<boolean> {
  const passage: Passage = needsNoBudget(pod)
    ? { pinned: !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined }
    : passageOf(pod, await budgetOf(pod, context));
  const { spends, ignores, pinned } = passage;
  const key = { namespace: pod.metadata.namespace ?? "", name: pod.metadata.name ?? "" };
  // Refused before anything is written.
  if (spends) decremented(spends, key.name, context.now);
  checkPreconditions(pod, options);
  if (spends) await takeDisruption(spends, key, context, options.dryRun);

  const asked = options.preconditions?.resourceVersion !== undefined;
  const { resourceVersion = "" } = pod.metadata;
  const guarded =
    pinned && !asked ? { ...options, preconditions: { ...options.preconditions, resourceVersion } } : options;
  try {
    await markAndDelete(key, guarded, context);
    return true;
  } catch (error) {
    if (guarded === options || !hasReason(error, "Conflict")) throw error;
    // The pod may have become healthy, and so count for the budget that had nothing to say of it.
    if (ignores) throw stillProcessed(ignores.metadata.name ?? "");
    return false;
  }
}

/** Under which conditions a pod may go. */
interface Passage {
  /** The budget that it costs a disruption. */
  readonly spends?: PodDisruptionBudget;
  /** The budget that covers the pod but does not count it as it is now. */
  readonly ignores?: PodDisruptionBudget;
  /** The pod may go only as it was looked at. */
  readonly pinned: boolean;
}

function passageOf(pod: Pod, budget: PodDisruptionBudget | undefined): Passage {
  if (!budget) return { pinned: false };
  return isFreeToGo(pod, budget) ? { ignores: budget, pinned: true } : { spends: budget, pinned: false };
}

/** Throws 409 when the pod is not the one that the client means. */
function checkPreconditions({ metadata }: Pod, { preconditions }: DeletionRequest): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const refuse = (detail: string) => conflict(POD, metadata.name ?? "", detail);
  if (uid !== undefined && uid !== metadata.uid) {
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). ` +
        "The object might have been deleted and then recreated",
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record ` +
        `(${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

function resourceOf(registry: Registry, { group, resource }: typeof PODS): Resource {
  const found = registry.resource(group, resource);
  if (!found) throw internalError(`${resource} are not served`);
  return found;
}

/** Nothing is disrupted by a pod that has not started, has ended or is going already (upstream canIgnorePDB). */
function needsNoBudget(pod: Pod): boolean {
  return isPodTerminal(pod) || pod.status?.phase === "Pending" || pod.metadata.deletionTimestamp !== undefined;
}

/** The one budget that covers the pod. Throws when there are several: upstream cannot serve that either. */
async function budgetOf(pod: Pod, context: WriteContext): Promise<PodDisruptionBudget | undefined> {
  const { labels = {}, namespace = "" } = pod.metadata;
  const { items } = await resourceOf(context.registry, BUDGETS).list({ namespace });
  const covering = items
    .map(({ object }) => object as PodDisruptionBudget)
    .filter(({ spec }) => spec?.selector && compileLabelSelector(spec.selector).matches(labels));
  if (covering.length > 1) {
    throw plainError(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  }
  return covering[0];
}

/** A pod that is not healthy may go when it does not count, or when the budget says so. */
function isFreeToGo(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isPodReady(pod)) return false;
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

/** Takes one of the budget's disruptions. Throws 429 when there is none. */
async function takeDisruption(budget: PodDisruptionBudget, pod: ObjectKey, context: WriteContext, dryRun: boolean) {
  const { name = "", namespace = "" } = budget.metadata;
  const { user } = context;
  await resourceOf(context.registry, BUDGETS).update(
    { namespace, name },
    (current) => decremented(current as PodDisruptionBudget, pod.name, context.now) as AnyDraft,
    { user, dryRun, subresource: "status", keepsManagedFields: true },
  );
}

const BUDGET = { group: "policy", resource: "poddisruptionbudget" };
/** The budget's controller lags behind: try again after so many seconds. */
const RETRY_SECONDS = 10;

const refused = (message: string, retryAfterSeconds: number) =>
  tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfterSeconds, [
    { reason: "DisruptionBudget", message },
  ]);
const stillProcessed = (budget: string) =>
  refused(`The disruption budget ${budget} is still being processed by the server.`, RETRY_SECONDS);
const MAX_DISRUPTED_PODS = 2000;

/** Why a budget allows no disruption. Its figures say nothing when its controller could not count. */
function whyNone({ metadata: { name }, status = {} }: PodDisruptionBudget): string {
  const { desiredHealthy = 0, currentHealthy = 0, conditions } = status;
  const condition = findCondition(conditions, "DisruptionAllowed");
  const told = condition?.status === "False" && condition.message ? condition : undefined;
  const refusal = `The disruption budget ${name} does not allow evicting pods currently`;
  if (told?.reason === "SyncFailed") return `${refusal} because it failed sync: ${told.message}`;
  if (currentHealthy <= desiredHealthy) {
    return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  return told ? `${refusal} (${told.reason}): ${told.message}` : refusal;
}

/** The budget with one disruption less. Source: upstream EvictionREST.checkAndDecrement. */
function decremented(budget: PodDisruptionBudget, podName: string, now: number): Draft<PodDisruptionBudget> {
  const { metadata, status = {} } = budget;
  const { name = "" } = metadata;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) throw stillProcessed(name);
  const { disruptionsAllowed = 0, disruptedPods = {} } = status;
  if (disruptionsAllowed < 0) throw forbiddenError(BUDGET, name, "pdb disruptions allowed is negative");
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    const detail = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
    throw forbiddenError(BUDGET, name, detail);
  }
  if (disruptionsAllowed === 0) {
    throw refused(whyNone(budget), 0);
  }
  const draft = draftOf(budget);
  draft.status ??= {};
  draft.status.disruptionsAllowed = disruptionsAllowed - 1;
  draft.status.disruptedPods = { ...disruptedPods, [podName]: formatTime(now) };
  if (disruptionsAllowed === 1) {
    const exhausted = {
      type: "DisruptionAllowed",
      status: "False",
      reason: "InsufficientPods",
      message: "",
      lastTransitionTime: formatTime(now),
      observedGeneration: status.observedGeneration ?? 0,
    };
    draft.status.conditions = draftOf(withCondition(status.conditions, exhausted));
  }
  return draft;
}

/** Says in the pod's conditions why it goes, and deletes it. Preconditions are of the pod before the first of the two. */
async function markAndDelete(key: ObjectKey, options: DeletionRequest, { user, now, registry }: WriteContext) {
  const pods = resourceOf(registry, PODS);
  if (options.dryRun) {
    await pods.delete(key, { ...options, user });
    return;
  }
  const mark = (current: KubeObject | undefined) => {
    checkPreconditions(current as Pod, options);
    return withReason(current as Pod, now);
  };
  const { object } = await pods.update(key, mark, { user, subresource: "status", keepsManagedFields: true });
  const { resourceVersion } = object.object.metadata;
  const preconditions = options.preconditions?.resourceVersion
    ? { ...options.preconditions, ...(resourceVersion === undefined ? {} : { resourceVersion }) }
    : options.preconditions;
  await pods.delete(key, { ...options, user, ...(preconditions ? { preconditions } : {}) });
}

function withReason(pod: Pod, now: number): AnyDraft {
  const draft = draftOf(pod);
  draft.status ??= {};
  const target = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: formatTime(now),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  };
  draft.status.conditions = draftOf(withCondition(pod.status?.conditions, target));
  return draft as AnyDraft;
}
