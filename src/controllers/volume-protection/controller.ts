import {
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  VOLUME_ATTRIBUTES_CLASSES,
  type KubeObject,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceType,
  type VolumeAttributesClass,
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
  CLASS_PROTECTION,
  classesOfClaim,
  isHeld,
  isShutDown,
  isUnsettled,
  planClaims,
  planClass,
  planVolume,
  VOLUME_PROTECTION,
  type ClassView,
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

/** Claims and volumes by the classes of attributes that they name. */
const BY_CLASS = "volume-attributes-class";

const classesOfVolume = ({ spec }: PersistentVolume): string[] =>
  spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];

const unsettledClass: KeysOf<VolumeAttributesClass> = ({ type, object }) =>
  type !== "deleted" && isUnsettled(object, CLASS_PROTECTION) ? object.metadata.name : undefined;

/** Only an object that names a class no longer can set it free. */
const freed =
  <T extends KubeObject>(classesOf: (object: T) => readonly string[]): KeysOf<T> =>
  ({ type, object, previous }) => {
    if (type === "deleted") return classesOf(object);
    const now = classesOf(object);
    return previous && classesOf(previous).filter((name) => !now.includes(name));
  };

/** Keeps a class of volume attributes that is being deleted until no claim and no volume names it. */
export const classProtectionController: ControllerDefinition = defineController({
  name: "volumeattributesclass-protection-controller",
  watches: [
    watch(VOLUME_ATTRIBUTES_CLASSES, unsettledClass),
    watch(PERSISTENT_VOLUME_CLAIMS, freed(classesOfClaim)),
    watch(PERSISTENT_VOLUMES, freed(classesOfVolume)),
  ],
  writes: [allow(VOLUME_ATTRIBUTES_CLASSES, "patch")],
  start({ caches }) {
    caches.of(PERSISTENT_VOLUME_CLAIMS).addIndex(BY_CLASS, classesOfClaim);
    caches.of(PERSISTENT_VOLUMES).addIndex(BY_CLASS, classesOfVolume);
    return syncByPlan({
      look(name, context): ClassView | undefined {
        const attributesClass = context.caches.of(VOLUME_ATTRIBUTES_CLASSES).get(name);
        const claims = context.caches.of(PERSISTENT_VOLUME_CLAIMS).count(BY_CLASS, name);
        const volumes = context.caches.of(PERSISTENT_VOLUMES).count(BY_CLASS, name);
        return attributesClass && { attributesClass, users: claims + volumes };
      },
      plan: planClass,
      apply: (step, context) => setFinalizers(VOLUME_ATTRIBUTES_CLASSES, step, context),
    });
  },
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
