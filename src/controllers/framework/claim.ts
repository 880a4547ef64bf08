import type { Cache, Client } from "#client";
import { hasReason, type KubeObject, type LabelMatcher, type ResourceType } from "#objects";
import { allOf } from "./parallel.ts";
import { orphansMatching } from "./selector.ts";
import { controllerOf, controllerReference } from "./watch.ts";

/** How an owner stands to the objects that its selector concerns (upstream's ControllerRefManager). */
export interface Claim<T extends KubeObject> {
  /** Controlled by the owner, and selected. */
  readonly owned: readonly T[];
  /** Selected and without a controller: the owner should become it. */
  readonly adopt: readonly T[];
  /** Controlled by the owner, but no longer selected: the owner should let go. */
  readonly release: readonly T[];
}

/** The objects that {@link claim} has to look at: those the owner controls, and the orphans it selects. */
export function candidates<T extends KubeObject>(cache: Cache<T>, owner: KubeObject, matcher: LabelMatcher): T[] {
  const { namespace = "", uid = "" } = owner.metadata;
  return [...cache.index("controller", uid), ...orphansMatching(cache, namespace, matcher)];
}

/** Sorts candidates. An owner that is being deleted adopts and releases nothing. */
export function claim<T extends KubeObject>(owner: KubeObject, matcher: LabelMatcher, objects: Iterable<T>): Claim<T> {
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const deleting = owner.metadata.deletionTimestamp !== undefined;
  for (const object of objects) {
    const controller = controllerOf(object);
    const selected = matcher.matches(object.metadata.labels);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected) owned.push(object);
      else if (!deleting) release.push(object);
    } else if (selected && !deleting && object.metadata.deletionTimestamp === undefined) {
      adopt.push(object);
    }
  }
  return { owned, adopt, release };
}

/**
 * Carries out adoptions and releases. Before the first adoption the owner is read from the API itself: a
 * cached one may be gone, and its orphans would then belong to a ghost. What is adopted gets the finalizer, if one is
 * given, and what is released loses it. Rejects with the first failure.
 */
export async function settleClaim<Owner extends KubeObject, T extends KubeObject>(
  client: Client,
  ownerType: ResourceType<Owner>,
  owner: Owner,
  type: ResourceType<T>,
  { adopt, release }: Pick<Claim<T>, "adopt" | "release">,
  finalizer?: string,
): Promise<void> {
  if (adopt.length > 0) await recheck(client, ownerType, owner);
  const reference = controllerReference(ownerType, owner);
  const owned = { ownerReferences: [reference], ...(finalizer === undefined ? {} : { finalizers: [finalizer] }) };
  const adopted = await allOf(adopt, (object) => patchMetadata(client, type, object, owned, ["NotFound"]));
  const free = {
    ownerReferences: [{ $patch: "delete", uid: reference.uid }],
    ...(finalizer === undefined ? {} : { "$deleteFromPrimitiveList/finalizers": [finalizer] }),
  };
  const released = await allOf(release, (object) =>
    // Invalid: it has no owner reference any more.
    patchMetadata(client, type, object, free, ["NotFound", "Invalid"]),
  );
  const failure = adopted ?? released;
  if (failure) throw failure.error;
}

async function recheck<Owner extends KubeObject>(
  client: Client,
  type: ResourceType<Owner>,
  owner: Owner,
): Promise<void> {
  const { namespace = "", name = "", uid } = owner.metadata;
  const fresh = await client.get(type, { namespace, name });
  if (fresh.metadata.uid !== uid) {
    throw new Error(`original ${type.kind} ${namespace}/${name} is gone: got uid ${fresh.metadata.uid}, wanted ${uid}`);
  }
  if (fresh.metadata.deletionTimestamp !== undefined) {
    throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
  }
}

/** The uid in the patch makes it fail on another object of the same name. */
async function patchMetadata<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
  changes: object,
  ignored: readonly ("NotFound" | "Invalid")[],
): Promise<void> {
  const { namespace = "", name = "", uid } = object.metadata;
  const body = { metadata: { uid, ...changes } };
  try {
    await client.patch(type, { namespace, name }, { type: "strategic", body });
  } catch (error) {
    if (!hasReason(error, ...ignored)) throw error;
  }
}
