import { messageOf } from "#base";
import { hasReason, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS, type Pod, type StatefulSet } from "#objects";
import { allOf, isNamespaceTerminating, slowStart, type Failure, type SyncContext } from "../framework/index.ts";
import type { ClaimWork } from "./claims.ts";
import type { Start, StatefulSetStep } from "./plan.ts";

/** Carries out a step. What goes wrong is returned, since the status has to tell what is there first. */
export async function applyStep(
  step: StatefulSetStep,
  set: StatefulSet,
  context: SyncContext,
): Promise<Failure | undefined> {
  switch (step.type) {
    case "start":
      return (await slowStart(step.starts, (start) => startPod(start, set, context))).failure;
    case "stop":
      return allOf(step.pods, (pod) => stopPod(pod, set, context));
    case "keep-claims":
      return allOf([step], ({ pod, claims }) => keepClaims(pod, claims, set, context));
    case "repair":
      return allOf([step.pod], (pod) =>
        telling("update", pod.metadata.name ?? "", set, context, () => context.client.update(PODS, pod)),
      );
    case "update-status":
      return allOf([step.status], async (status) => {
        await context.client.update(STATEFUL_SETS, { ...set, status }, { subresource: "status" });
      });
  }
}

type Verb = "create" | "update" | "delete";
const TITLES: Readonly<Record<Verb, string>> = { create: "Create", update: "Update", delete: "Delete" };

/** Does something to a pod, and says in an Event of the set how it went (upstream recordPodEvent). */
async function telling(
  verb: Verb,
  pod: string,
  set: StatefulSet,
  { recorder }: Pick<SyncContext, "recorder">,
  task: () => Promise<unknown>,
): Promise<void> {
  const what = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`;
  try {
    await task();
  } catch (error) {
    if (!isSilent(error, verb)) {
      recorder.event(set, "Warning", `Failed${TITLES[verb]}`, `${what} failed error: ${messageOf(error)}`);
    }
    throw error;
  }
  recorder.event(set, "Normal", `Successful${TITLES[verb]}`, `${what} successful`);
}

/** What another writer did first is no news; a namespace that is going takes no Events. */
const isSilent = (error: unknown, verb: Verb) =>
  hasReason(error, "AlreadyExists", "Conflict") ||
  (verb === "delete" && hasReason(error, "NotFound")) ||
  isNamespaceTerminating(error);

async function startPod({ pod, claims }: Start, set: StatefulSet, context: SyncContext): Promise<void> {
  const name = pod.metadata.name ?? "";
  try {
    await telling("create", name, set, context, async () => {
      await keepClaims(name, claims, set, context);
      if (claims.going.length > 0) throw new Error(claims.going.map((one) => `pvc ${one} is being deleted`).join(", "));
      await context.client.create(PODS, pod);
    });
  } catch (error) {
    // That is no failure, nothing is left to do.
    if (!isNamespaceTerminating(error)) throw error;
  }
}

/** One that is gone already, or whose name another pod has by now, needs no deletion. */
async function stopPod(pod: Pod, set: StatefulSet, context: SyncContext): Promise<void> {
  const { namespace = "", name = "", uid } = pod.metadata;
  try {
    await telling("delete", name, set, context, () =>
      context.client.delete(PODS, { namespace, name }, uid ? { preconditions: { uid } } : {}),
    );
  } catch (error) {
    if (!hasReason(error, "NotFound", "Conflict")) throw error;
  }
}

async function keepClaims(
  pod: string,
  { make, own, foreign }: ClaimWork,
  set: StatefulSet,
  { client, recorder }: Pick<SyncContext, "client" | "recorder">,
): Promise<void> {
  for (const claim of make) {
    const { name = "" } = claim.metadata;
    const tail = `Pod ${pod} in StatefulSet ${set.metadata.name}`;
    try {
      await client.create(PERSISTENT_VOLUME_CLAIMS, claim);
    } catch (error) {
      if (isNamespaceTerminating(error)) throw error;
      if (!hasReason(error, "AlreadyExists")) {
        const message = `create Claim ${name} for ${tail} failed error: ${messageOf(error)}`;
        recorder.event(set, "Warning", "FailedCreate", message);
      }
      throw new Error(`failed to create PVC ${name}: ${messageOf(error)}`, { cause: error });
    }
    recorder.event(set, "Normal", "SuccessfulCreate", `create Claim ${name} ${tail} success`);
  }
  for (const name of foreign) {
    const message = `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
    recorder.event(set, "Warning", "ConflictingController", message);
  }
  for (const { claim, owners } of own) {
    await client.update(PERSISTENT_VOLUME_CLAIMS, {
      ...claim,
      metadata: { ...claim.metadata, ownerReferences: owners },
    });
  }
}
