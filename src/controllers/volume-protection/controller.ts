import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  type KubeObject,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceType,
} from "#objects";
import {
  allow,
  defineController,
  syncByPlan,
  watch,
  type ControllerDefinition,
  type KeysOf,
  type SyncContext,
} from "../framework/index.ts";
import { unlessGone } from "../framework/gone.ts";
import {
  CLAIM_PROTECTION,
  isHeld,
  isShutDown,
  isUnsettled,
  planClaims,
  planVolume,
  VOLUME_PROTECTION,
  type ProtectionStep,
} from "./plan.ts";

/** The claims that lack the finalizer or wait for it to be taken away, by namespace. */
const UNSETTLED = "claim-protection";

const namespaceOf = ({ metadata }: KubeObject) => metadata.namespace ?? "";

const unsettledClaim: KeysOf<PersistentVolumeClaim> = ({ type, object }) =>
  type !== "deleted" && isUnsettled(object, CLAIM_PROTECTION) ? namespaceOf(object) : undefined;

/** Only a pod that goes can set a claim free. */
const leavingPod: KeysOf<Pod> = ({ type, object }, caches) => {
  if (type !== "deleted" && !isShutDown(object)) return undefined;
  const namespace = namespaceOf(object);
  return caches.of(PERSISTENT_VOLUME_CLAIMS).count(UNSETTLED, namespace) > 0 ? namespace : undefined;
};

/** Keeps a claim that is being deleted until no pod uses it. A key is a namespace: its pods are listed once for all its claims. */
export const claimProtectionController: ControllerDefinition = defineController({
  name: "persistentvolumeclaim-protection-controller",
  watches: [watch(PERSISTENT_VOLUME_CLAIMS, unsettledClaim), watch(PODS, leavingPod)],
  writes: [allow(PERSISTENT_VOLUME_CLAIMS, "patch")],
  start({ caches }) {
    caches
      .of(PERSISTENT_VOLUME_CLAIMS)
      .addIndex(UNSETTLED, (claim) => (isUnsettled(claim, CLAIM_PROTECTION) ? namespaceOf(claim) : undefined));
    return syncByPlan({
      async look(namespace, context) {
        const claims = context.caches.of(PERSISTENT_VOLUME_CLAIMS).index(UNSETTLED, namespace);
        if (claims.length === 0) return undefined;
        // The cache may not show a pod that has just come to its node: what destroys data is asked at the API.
        const isAsked = claims.some((claim) => isHeld(claim, CLAIM_PROTECTION));
        return { claims, pods: isAsked ? (await context.client.list(PODS, { namespace })).items : [] };
      },
      plan: planClaims,
      apply: (step, context) => setFinalizers(PERSISTENT_VOLUME_CLAIMS, step, context),
    });
  },
});

const unsettledVolume: KeysOf<PersistentVolume> = ({ type, object }) =>
  type !== "deleted" && isUnsettled(object, VOLUME_PROTECTION) ? object.metadata.name : undefined;

/** Keeps a volume that is being deleted until it is bound to no claim. */
export const volumeProtectionController: ControllerDefinition = defineController({
  name: "persistentvolume-protection-controller",
  watches: [watch(PERSISTENT_VOLUMES, unsettledVolume)],
  writes: [allow(PERSISTENT_VOLUMES, "patch")],
  start: () =>
    syncByPlan({
      look: (name, { caches }) => caches.of(PERSISTENT_VOLUMES).get(name),
      plan: planVolume,
      apply: (step, context) => setFinalizers(PERSISTENT_VOLUMES, step, context),
    }),
});

async function setFinalizers<T extends KubeObject>(
  type: ResourceType<T>,
  { object: { metadata }, finalizers }: ProtectionStep<T>,
  { client }: SyncContext,
): Promise<void> {
  const { namespace = "", name = "", uid, resourceVersion } = metadata;
  const body = { metadata: { uid, resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } };
  await unlessGone(client.patch(type, { namespace, name }, { type: "merge", body }));
}
