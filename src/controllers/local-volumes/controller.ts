import {
  hasReason,
  keyOf,
  NODES,
  parseKey,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  SELECTED_NODE,
  STORAGE_CLASSES,
  storageClassNameOf,
  type Node,
  type PersistentVolume,
} from "#objects";
import {
  allow,
  defineController,
  syncByPlan,
  watch,
  type ControllerDefinition,
  type SyncContext,
} from "../framework/index.ts";
import { unlessGone } from "../framework/gone.ts";
import { isOurs, planDelete, without, type DeleteStep } from "./delete-plan.ts";
import type { LocalVolumes } from "./port.ts";
import { isAsked, planProvision, volumeNameFor, type ProvisionStep, type ProvisionView } from "./provision-plan.ts";

const CONCURRENCY = 16;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Makes volumes that are directories on nodes, for claims of classes of the provisioner `knarr.dev/local`. */
export function localVolumeProvisioner(volumes: LocalVolumes): ControllerDefinition {
  return defineController({
    name: "knarr.dev/local",
    watches: [
      watch(PERSISTENT_VOLUME_CLAIMS, ({ type, object }) =>
        type !== "deleted" && isAsked(object) ? keyOf(object) : undefined,
      ),
      watch(STORAGE_CLASSES),
      watch(PERSISTENT_VOLUMES),
      watch(NODES),
    ],
    writes: [allow(PERSISTENT_VOLUMES, "create"), allow(PERSISTENT_VOLUME_CLAIMS, "patch")],
    concurrency: CONCURRENCY,
    start: () =>
      syncByPlan({ look: lookAtClaim, plan: planProvision, apply: (step, context) => make(volumes, step, context) }),
  });
}

/** Removes their data when nothing uses them any more. */
export function localVolumeDeleter(volumes: LocalVolumes): ControllerDefinition {
  return defineController({
    name: "knarr.dev/local-deleter",
    watches: [
      watch(PERSISTENT_VOLUMES, ({ type, object }) =>
        type !== "deleted" && isOurs(object) ? object.metadata.name : undefined,
      ),
    ],
    writes: [allow(PERSISTENT_VOLUMES, "patch", "delete")],
    concurrency: CONCURRENCY,
    start: () =>
      syncByPlan({
        look: (name, { caches }) => caches.of(PERSISTENT_VOLUMES).get(name),
        plan: planDelete,
        apply: (step, context) => remove(volumes, step, context),
      }),
  });
}

function lookAtClaim(key: string, { caches }: SyncContext): ProvisionView | undefined {
  const claim = caches.of(PERSISTENT_VOLUME_CLAIMS).get(key);
  if (!claim) return undefined;
  const nodes = caches.of(NODES);
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  const candidates = selected === undefined ? [...nodes.list()].filter(takesPods).sort(byName) : [nodes.get(selected)];
  return {
    claim,
    storageClass: caches.of(STORAGE_CLASSES).get(storageClassNameOf(claim) ?? ""),
    nodes: candidates.flatMap((node) => node ?? []),
    isMade: caches.of(PERSISTENT_VOLUMES).has(volumeNameFor(claim)),
  };
}

const byName = (a: Node, b: Node) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1);
const takesPods = ({ spec, status }: Node): boolean =>
  !spec?.unschedulable && (status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");

async function make(volumes: LocalVolumes, step: ProvisionStep, { client, recorder }: SyncContext): Promise<void> {
  const { claim } = step;
  const { namespace = "", name = "", uid, resourceVersion } = claim.metadata;
  if (step.type === "refuse") {
    recorder.event(claim, "Warning", "ProvisioningFailed", step.message);
    return;
  }
  if (step.type === "reschedule") {
    const body = { metadata: { uid, resourceVersion, annotations: { [SELECTED_NODE]: null } } };
    await unlessGone(client.patch(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, { type: "merge", body }));
    return;
  }
  const message = `External provisioner is provisioning volume for claim "${namespace}/${name}"`;
  recorder.event(claim, "Normal", "Provisioning", message);
  const volumeName = volumeNameFor(claim);
  try {
    const path = await volumes.create(step.node, volumeName);
    const { volume } = step;
    await client.create(PERSISTENT_VOLUMES, { ...volume, spec: { ...volume.spec, local: { path } } });
  } catch (error) {
    // A sync before this one has made it.
    if (hasReason(error, "AlreadyExists")) return;
    const why = `failed to provision volume with StorageClass "${storageClassNameOf(claim)}": ${messageOf(error)}`;
    recorder.event(claim, "Warning", "ProvisioningFailed", why);
    throw error;
  }
  recorder.event(claim, "Normal", "ProvisioningSucceeded", `Successfully provisioned volume ${volumeName}`);
}

async function remove(volumes: LocalVolumes, step: DeleteStep, context: SyncContext): Promise<void> {
  const { client, recorder } = context;
  const { volume } = step;
  if (step.type === "finalizers") return setFinalizers(volume, step.finalizers, context);
  const { name = "", uid = "", finalizers = [] } = volume.metadata;
  // The data is gone for good: the API is asked whether that is still wanted.
  const current = await unlessGone(client.get(PERSISTENT_VOLUMES, parseKey(name)));
  if (current?.metadata.resourceVersion !== volume.metadata.resourceVersion) return;
  try {
    await volumes.remove(step.node, name);
  } catch (error) {
    recorder.event(volume, "Warning", "VolumeFailedDelete", messageOf(error));
    throw error;
  }
  await unlessGone(client.delete(PERSISTENT_VOLUMES, parseKey(name), { preconditions: { uid } }));
  const left = await unlessGone(client.get(PERSISTENT_VOLUMES, parseKey(name)));
  if (left?.metadata.uid === uid && finalizers.length > 0) {
    await setFinalizers(left, without(left.metadata.finalizers ?? []), context);
  }
}

async function setFinalizers(
  { metadata }: PersistentVolume,
  finalizers: readonly string[],
  { client }: SyncContext,
): Promise<void> {
  const { name = "", uid, resourceVersion } = metadata;
  const body = { metadata: { uid, resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } };
  await unlessGone(client.patch(PERSISTENT_VOLUMES, parseKey(name), { type: "merge", body }));
}
