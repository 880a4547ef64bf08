import {
  defaultStorageClassOf,
  keyOf,
  matchingKey,
  parseKey,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  storageClassNameOf,
  VolumePool,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "#objects";
import {
  allow,
  defineController,
  watch,
  type ControllerContext,
  type ControllerDefinition,
  type SyncContext,
  type SyncResult,
} from "../framework/index.ts";
import { unlessGone } from "../framework/gone.ts";
import { createApply, type Apply } from "./apply.ts";
import { planClaim, type ClaimView } from "./claim-plan.ts";
import {
  addIndexes,
  claimKey,
  claimRefKey,
  keysOfClaim,
  keysOfClass,
  keysOfPod,
  keysOfVolume,
  PODS_OF_CLAIM,
  WAITING_CLAIMS,
} from "./keys.ts";
import { planVolume, type VolumeView } from "./volume-plan.ts";

/** When a volume is offered to others that the sync of a claim could not reserve. */
const OFFER_AGAIN_MS = 100;
/** Enough for the store to commit many bindings in one group. */
const CONCURRENCY = 16;

/**
 * Binds claims to volumes. A key is a claim's or a volume's (`claim/shop/data`, `volume/data-1`). Which volume a claim gets is decided at once
 * for all syncs: one that a sync is about to reserve is taken for all others.
 */
export function persistentVolumeBinder(): ControllerDefinition {
  return defineController({
    name: "persistentvolume-controller",
    watches: [
      watch(PERSISTENT_VOLUMES, keysOfVolume),
      watch(PERSISTENT_VOLUME_CLAIMS, keysOfClaim),
      watch(STORAGE_CLASSES, keysOfClass),
      watch(PODS, keysOfPod),
    ],
    writes: [
      allow(PERSISTENT_VOLUMES, "update", "update/status"),
      allow(PERSISTENT_VOLUME_CLAIMS, "update", "update/status"),
    ],
    concurrency: CONCURRENCY,
    start(context) {
      addIndexes(context.caches);
      const binder = new Binder(context);
      return (key, context) => binder.sync(key, context);
    },
  });
}

class Binder {
  readonly #pool = new VolumePool();
  /** The volumes that syncs in hand are about to reserve, by name. */
  readonly #taken = new Set<string>();
  readonly #apply: Apply;

  constructor({ caches, clock, signal }: ControllerContext) {
    const stop = caches.of(PERSISTENT_VOLUMES).subscribe(({ type, object }) => {
      if (type === "deleted") this.#pool.remove(object.metadata.name ?? "");
      else this.#pool.put(object);
    });
    signal.addEventListener("abort", stop, { once: true });
    this.#apply = createApply(clock, (volume) => this.#pool.put(volume));
  }

  async sync(key: string, context: SyncContext): Promise<SyncResult | void> {
    const slash = key.indexOf("/");
    const name = key.slice(slash + 1);
    return key.slice(0, slash) === "claim" ? this.#syncClaim(name, context) : this.#syncVolume(name, context);
  }

  async #syncClaim(key: string, context: SyncContext): Promise<SyncResult | void> {
    const view = this.#lookAtClaim(key, context);
    if (!view) return this.#apply.forget(claimKey(key));
    const plan = planClaim(view, context.clock.now());
    const name = plan.steps.flatMap((step) => (step.type === "reserve" ? (step.volume.metadata.name ?? []) : []))[0];
    if (name !== undefined) this.#taken.add(name);
    try {
      return await this.#apply.all(claimKey(key), plan, context);
    } catch (error) {
      // Other claims may have looked while it was taken.
      if (name !== undefined) context.enqueue(`volume/${name}`, OFFER_AGAIN_MS);
      throw error;
    } finally {
      if (name !== undefined) this.#taken.delete(name);
    }
  }

  #lookAtClaim(key: string, { caches }: SyncContext): ClaimView | undefined {
    const claim = caches.of(PERSISTENT_VOLUME_CLAIMS).get(key);
    if (!claim) return undefined;
    const classes = caches.of(STORAGE_CLASSES);
    const storageClass = classes.get(storageClassNameOf(claim) ?? "");
    const delayed = storageClass?.volumeBindingMode === "WaitForFirstConsumer";
    const { volumeName } = claim.spec ?? {};
    const volume = volumeName
      ? caches.of(PERSISTENT_VOLUMES).get(volumeName)
      : this.#pool.find(claim, { delayed, excluded: this.#taken });
    const needsDefault = !volume && storageClassNameOf(claim) === undefined;
    const pods = volume || !delayed ? [] : caches.of(PODS).index(PODS_OF_CLAIM, key);
    return {
      claim,
      volume,
      storageClass,
      defaultClass: needsDefault ? defaultStorageClassOf(classes.list())?.metadata.name : undefined,
      waitingPods: pods.filter(({ spec, status }) => !spec?.nodeName && !isEnded(status?.phase)).map(nameOf),
    };
  }

  async #syncVolume(name: string, context: SyncContext): Promise<SyncResult | void> {
    const volume = context.caches.of(PERSISTENT_VOLUMES).get(name);
    if (!volume) return;
    const view: VolumeView = {
      volume,
      claim: await claimOf(volume, context),
      waiting: volume.spec?.claimRef || this.#taken.has(name) ? undefined : waitingFor(volume, context),
    };
    return this.#apply.all(`volume/${name}`, planVolume(view, context.clock.now()), context);
  }
}

const nameOf = ({ metadata }: { readonly metadata: { readonly name?: string } }): string => metadata.name ?? "";
const isEnded = (phase: string | undefined): boolean => phase === "Succeeded" || phase === "Failed";

/** The claim that the volume's claimRef names by its uid. Its volume may be deleted when it is gone, so the API is asked. */
async function claimOf(
  { spec }: PersistentVolume,
  { caches, client }: SyncContext,
): Promise<PersistentVolumeClaim | undefined> {
  const ref = spec?.claimRef;
  if (!ref?.uid) return undefined;
  const key = claimRefKey(ref);
  const cached = caches.of(PERSISTENT_VOLUME_CLAIMS).get(key);
  if (cached?.metadata.uid === ref.uid) return cached;
  const current = await unlessGone(client.get(PERSISTENT_VOLUME_CLAIMS, parseKey(key)));
  return current?.metadata.uid === ref.uid ? current : undefined;
}

/** A claim that the free volume fits and that waits for one, not for its first consumer. */
function waitingFor(volume: PersistentVolume, { caches }: SyncContext): string | undefined {
  const alone = new VolumePool();
  alone.put(volume);
  const classes = caches.of(STORAGE_CLASSES);
  const waiting = caches.of(PERSISTENT_VOLUME_CLAIMS).index(WAITING_CLAIMS, matchingKey(volume));
  const found = waiting.find((claim) => {
    const delayed = classes.get(storageClassNameOf(claim) ?? "")?.volumeBindingMode === "WaitForFirstConsumer";
    return alone.find(claim, { delayed }) !== undefined;
  });
  return found && keyOf(found);
}
