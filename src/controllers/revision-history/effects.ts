import {
  CONTROLLER_REVISIONS,
  hasReason,
  type ControllerRevision,
  type KubeObject,
  type LabelMatcher,
  type ResourceType,
} from "#objects";
import { allOf, candidates, claim, controllerOf, settleClaim, type SyncContext } from "../framework/index.ts";
import { unlessGone } from "../framework/gone.ts";
import { byNumber, newRevision, sameData, type Revised, type RevisionStep } from "./revisions.ts";

/**
 * The object's own revisions, by their number. Orphans that its selector selects are adopted first, those of its own
 * that are no longer selected released; then the answer is undefined, and the next sync sees the outcome.
 */
export async function claimRevisions(
  type: ResourceType,
  object: KubeObject,
  matcher: LabelMatcher,
  { client, caches }: Pick<SyncContext, "client" | "caches">,
): Promise<readonly ControllerRevision[] | undefined> {
  const revisions = claim(object, matcher, candidates(caches.of(CONTROLLER_REVISIONS), object, matcher));
  if (revisions.adopt.length === 0 && revisions.release.length === 0) return revisions.owned.toSorted(byNumber);
  await settleClaim(client, type, object, CONTROLLER_REVISIONS, revisions);
  return undefined;
}

/**
 * Carries out the step of {@link presentRevision}. Another object may have the name of a new revision: then the number of
 * collisions, which the caller writes into its status, goes up, and with it the name changes.
 */
export async function applyRevisionStep(
  step: RevisionStep,
  revised: Revised,
  { client }: Pick<SyncContext, "client">,
): Promise<{ readonly revision: ControllerRevision; readonly collisionCount: number }> {
  let collisionCount = revised.collisionCount ?? 0;
  if (step.type === "raise-revision") {
    const revision = await client.update(CONTROLLER_REVISIONS, { ...step.revision, revision: step.to });
    return { revision, collisionCount };
  }
  for (let wanted = step.revision; ; wanted = newRevision({ ...revised, collisionCount }, wanted.revision)) {
    try {
      return { revision: await client.create(CONTROLLER_REVISIONS, wanted), collisionCount };
    } catch (error) {
      if (!hasReason(error, "AlreadyExists")) throw error;
    }
    const { namespace = "", name = "" } = wanted.metadata;
    const existing = await unlessGone(client.get(CONTROLLER_REVISIONS, { namespace, name }));
    // Gone in the meantime: the name is free again.
    if (!existing) continue;
    const own = controllerOf(existing)?.uid === revised.object.metadata.uid;
    if (own && sameData(existing, wanted)) return { revision: existing, collisionCount };
    collisionCount++;
  }
}

/** Deletes revisions; what is gone or has changed meanwhile is left to the next sync. Rejects with the first failure. */
export async function deleteRevisions(
  revisions: readonly ControllerRevision[],
  { client }: Pick<SyncContext, "client">,
): Promise<void> {
  const failure = await allOf(revisions, async ({ metadata }) => {
    const { namespace = "", name = "", uid, resourceVersion } = metadata;
    const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    await unlessGone(client.delete(CONTROLLER_REVISIONS, { namespace, name }, { preconditions }));
  });
  if (failure) throw failure.error;
}
