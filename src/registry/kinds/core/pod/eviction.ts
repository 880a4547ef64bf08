import {
  badRequest,
  compileLabelSelector,
  draftOf,
  forbiddenError,
  formatTime,
  hasReason,
  internalError,
  isPodReady,
  isPodTerminal,
  tooManyRequests,
  withCondition,
  type AnyDraft,
  type Draft,
  type Eviction,
  type KubeObject,
  type ObjectKey,
  type Pod,
  type PodDisruptionBudget,
} from "#objects";
import type { DeleteOptions } from "../../../contract.ts";
import type { CreateSubresource, Resource, WriteContext } from "../../../definition.ts";
import { success } from "./binding.ts";

const PODS = { group: "", resource: "pods" };
const BUDGETS = { group: "policy", resource: "poddisruptionbudgets" };

/** `pods/eviction`: deletes a pod unless a disruption budget is against it, as `kubectl drain` does. */
export const eviction: CreateSubresource<Pod> = {
  type: "create",
  body: { group: "policy", version: "v1", kind: "Eviction", schema: "io.k8s.api.policy.v1.Eviction" },
  async handle({ key, body, context, parent }) {
    const request = body as unknown as Eviction;
    if (request.metadata.name !== key.name) throw badRequest("name in URL does not match name in Eviction object");
    const pods = resourceOf(context, PODS);
    const options = deleteOptionsOf(request, context);
    const pod = await parent();
    if (!needsNoBudget(pod)) {
      const budget = await budgetOf(pod, context);
      if (budget && !isFreeToGo(pod, budget)) await takeDisruption(budget, key, context, options.dryRun ?? false);
    }
    await markDisrupted(pods, key, context, options.dryRun ?? false);
    await pods.delete(key, options);
    return success();
  },
};

function resourceOf({ registry }: WriteContext, { group, resource }: typeof PODS): Resource {
  const found = registry.resource(group, resource);
  if (!found) throw internalError(`${resource} are not served`);
  return found;
}

function deleteOptionsOf({ deleteOptions = {} }: Eviction, { user, dryRun }: WriteContext): DeleteOptions {
  const { gracePeriodSeconds, preconditions, propagationPolicy } = deleteOptions;
  return {
    user,
    dryRun: dryRun || (deleteOptions.dryRun?.includes("All") ?? false),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(preconditions ? { preconditions } : {}),
    ...(propagationPolicy === undefined
      ? {}
      : { propagationPolicy: propagationPolicy as NonNullable<DeleteOptions["propagationPolicy"]> }),
  };
}

/** Nothing is disrupted by a pod that has not started, has ended or is going already (upstream canIgnorePDB). */
function needsNoBudget(pod: Pod): boolean {
  return isPodTerminal(pod) || pod.status?.phase === "Pending" || pod.metadata.deletionTimestamp !== undefined;
}

/** The one budget that covers the pod. Throws when there are several: upstream cannot serve that either. */
async function budgetOf(pod: Pod, context: WriteContext): Promise<PodDisruptionBudget | undefined> {
  const { labels, namespace = "" } = pod.metadata;
  if (!labels) return undefined;
  const { items } = await resourceOf(context, BUDGETS).list({ namespace });
  const covering = items
    .map(({ object }) => object as PodDisruptionBudget)
    .filter(({ spec }) => spec?.selector && compileLabelSelector(spec.selector).matches(labels));
  if (covering.length > 1) {
    throw internalError(
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
  await resourceOf(context, BUDGETS).update(
    { namespace, name },
    (current) => decremented(current as PodDisruptionBudget, pod.name, context.now) as AnyDraft,
    { user, dryRun, subresource: "status", applied: true },
  );
}

const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";
/** The budget's controller lags behind: try again after so many seconds. */
const RETRY_SECONDS = 10;
const MAX_DISRUPTED_PODS = 2000;

/** The budget with one disruption less. Source: upstream EvictionREST.checkAndDecrement. */
function decremented(budget: PodDisruptionBudget, podName: string, now: number): Draft<PodDisruptionBudget> {
  const { metadata, status = {} } = budget;
  const { name = "" } = metadata;
  const refuse = (message: string, retryAfter: number) =>
    tooManyRequests(REFUSED, retryAfter, [{ reason: "DisruptionBudget", message }]);
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    throw refuse(`The disruption budget ${name} is still being processed by the server.`, RETRY_SECONDS);
  }
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, disruptedPods = {} } = status;
  if (disruptionsAllowed < 0) throw forbiddenError(BUDGETS, name, "pdb disruptions allowed is negative");
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    const detail = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
    throw forbiddenError(BUDGETS, name, detail);
  }
  if (disruptionsAllowed === 0) {
    throw refuse(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      0,
    );
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

/** Says in the pod's conditions why it goes; a pod that is gone meanwhile needs no reason. */
async function markDisrupted(pods: Resource, key: ObjectKey, { user, now }: WriteContext, dryRun: boolean) {
  try {
    await pods.update(key, (current) => withReason(current, now), {
      user,
      dryRun,
      subresource: "status",
      applied: true,
    });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
  }
}

function withReason(current: KubeObject | undefined, now: number): AnyDraft {
  const pod = current as Pod;
  const draft = draftOf(pod);
  draft.status ??= {};
  const target = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: formatTime(now),
  };
  draft.status.conditions = draftOf(withCondition(pod.status?.conditions, target));
  return draft as AnyDraft;
}
