import { claimsOfPod, hasReason, keyOf, PERSISTENT_VOLUME_CLAIMS, PODS, type Pod } from "#objects";
import {
  allow,
  controllerOf,
  defineController,
  refersTo,
  syncByPlan,
  watch,
  type ControllerDefinition,
  type SyncContext,
} from "../framework/index.ts";
import { planEphemeral, type EphemeralStep, type EphemeralView } from "./plan.ts";

const needsClaims = ({ spec }: Pod): boolean => (spec?.volumes ?? []).some(({ ephemeral }) => ephemeral !== undefined);

/** Makes the claims of generic ephemeral volumes: `<pod>-<volume>`, owned by the pod, so that they go with it. */
export function ephemeralVolumeController(): ControllerDefinition {
  return defineController({
    name: "ephemeral_volume",
    watches: [
      watch(PODS, ({ type, object }) => (type === "added" && needsClaims(object) ? keyOf(object) : undefined)),
      watch(PERSISTENT_VOLUME_CLAIMS, ({ type, object }) => (type === "deleted" ? podOf(object) : undefined)),
    ],
    writes: [allow(PERSISTENT_VOLUME_CLAIMS, "create")],
    start: () => syncByPlan({ look, plan: planEphemeral, apply }),
  });
}

/** The pod that a claim may have been in the way of, or was made for. */
function podOf(claim: Parameters<typeof controllerOf>[0]): string | undefined {
  const owner = controllerOf(claim);
  if (owner && refersTo(owner, PODS)) return keyOf({ namespace: claim.metadata.namespace ?? "", name: owner.name });
  return undefined;
}

function look(key: string, { caches }: SyncContext): EphemeralView | undefined {
  const pod = caches.of(PODS).get(key);
  if (!pod) return undefined;
  const claims = caches.of(PERSISTENT_VOLUME_CLAIMS);
  const named = claimsOfPod(pod).filter(({ ephemeral }) => ephemeral);
  return { pod, claims: named.flatMap(({ name }) => claims.get(`${pod.metadata.namespace ?? ""}/${name}`) ?? []) };
}

async function apply(step: EphemeralStep, { client, recorder }: SyncContext): Promise<void> {
  const { pod, volume } = step;
  const fail = (message: string): Error => {
    recorder.event(pod, "Warning", "FailedBinding", `ephemeral volume ${volume}: ${message}`);
    return new Error(`pod ${keyOf(pod)}, ephemeral volume ${volume}: ${message}`);
  };
  if (step.type === "refuse") throw fail(step.message);
  try {
    await client.create(PERSISTENT_VOLUME_CLAIMS, step.claim);
  } catch (error) {
    const name = step.claim.metadata.name ?? "";
    // With the namespace being deleted the pod goes too.
    if (hasReason(error, "NotFound")) return;
    throw fail(`create PVC ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
