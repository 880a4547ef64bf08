import { updateStatus } from "#client";
import { keyOf, parseKey, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, type PersistentVolumeClaim } from "#objects";
import { allow, defineController, watch, type ControllerDefinition, type SyncContext } from "../framework/index.ts";
import { planExpansion, resized, wantsMore, type ExpansionStep } from "./plan.ts";

/** Has the volumes of claims grow that ask for more. */
export function volumeExpansionController(): ControllerDefinition {
  return defineController({
    name: "volume_expand",
    watches: [
      watch(PERSISTENT_VOLUME_CLAIMS, ({ type, object, previous }) => {
        const asks = type !== "deleted" && wantsMore(object);
        return asks && !(previous && isSameRequest(previous, object)) ? keyOf(object) : undefined;
      }),
      watch(PERSISTENT_VOLUMES),
    ],
    writes: [allow(PERSISTENT_VOLUME_CLAIMS, "update/status"), allow(PERSISTENT_VOLUMES, "patch")],
    start: () => async (key, context) => {
      const { caches, clock } = context;
      const claim = caches.of(PERSISTENT_VOLUME_CLAIMS).get(key);
      if (!claim) return;
      const volume = caches.of(PERSISTENT_VOLUMES).get(claim.spec?.volumeName ?? "");
      const { steps, requeueAt } = planExpansion({ claim, volume }, clock.now());
      let current = claim;
      for (const step of steps) current = await apply(step, current, context);
      return requeueAt === undefined ? {} : { requeueAt };
    },
  });
}

/** What wakes is a new wish, or that the claim was bound, not the status that comes of it. */
const isSameRequest = (a: PersistentVolumeClaim, b: PersistentVolumeClaim): boolean =>
  a.spec?.resources?.requests?.["storage"] === b.spec?.resources?.requests?.["storage"] &&
  a.status?.phase === b.status?.phase;

/** Resolves to the claim as it is now. */
async function apply(
  step: ExpansionStep,
  claim: PersistentVolumeClaim,
  { client, recorder }: SyncContext,
): Promise<PersistentVolumeClaim> {
  switch (step.type) {
    case "tell-external":
      recorder.event(claim, "Normal", "ExternalExpanding", "waiting for an external controller to expand this PVC");
      return claim;
    case "begin":
      recorder.event(claim, "Normal", "Resizing", `External resizer is resizing volume ${step.volume}`);
      return updateStatus(client, PERSISTENT_VOLUME_CLAIMS, { ...claim, status: step.status });
    case "resize": {
      const { name = "", uid, resourceVersion } = step.volume.metadata;
      const body = { metadata: { uid, resourceVersion }, spec: { capacity: { storage: step.storage } } };
      await client.patch(PERSISTENT_VOLUMES, parseKey(name), { type: "merge", body });
      return claim;
    }
    case "finish": {
      const status = resized(claim.status ?? {}, step.storage);
      const done = await updateStatus(client, PERSISTENT_VOLUME_CLAIMS, { ...claim, status });
      recorder.event(done, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded");
      return done;
    }
  }
}
