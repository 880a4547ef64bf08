/** Stored objects as they are shown in other versions, each made once for as long as it lives. */
import { jsonText, deepFreeze, withNulls, type KubeObject, type ObjectSchema } from "#objects";
import type { StoredObject } from "../contract.ts";
import type { ResolvedResource } from "../definition.ts";
import { allFromStorage, fromStorage } from "./convert.ts";
import { isStorageVersion } from "./versions.ts";

/** By target: a kind that is served anew has new ones, and what was made for the old ones goes with them. */
const known = new WeakMap<ResolvedResource, WeakMap<StoredObject, StoredObject>>();

function knownOf(target: ResolvedResource): WeakMap<StoredObject, StoredObject> {
  let objects = known.get(target);
  if (!objects) known.set(target, (objects = new WeakMap()));
  return objects;
}

/** Whether the version that was asked for is the one that is stored. */
export const showsStored = ({ resource, version }: ResolvedResource): boolean =>
  isStorageVersion(resource.definition, version);

/**
 * Has a webhook convert what {@link inVersion} will be asked for, all in one call. Undefined when there is nothing to
 * wait for: other conversions are made when they are asked for.
 */
export function convertAhead(target: ResolvedResource, objects: readonly StoredObject[]): Promise<void> | undefined {
  const { resource, version } = target;
  if (version.conversion?.type !== "remote" || showsStored(target)) return undefined;
  const made = knownOf(target);
  const missing = objects.filter((object) => !made.has(object));
  return missing.length === 0 ? undefined : convertMissing(resource.definition, target, missing);
}

async function convertMissing(
  definition: ResolvedResource["resource"]["definition"],
  target: ResolvedResource,
  missing: readonly StoredObject[],
): Promise<void> {
  const made = knownOf(target);
  const converted = await allFromStorage(
    definition,
    target.version,
    missing.map(({ object }) => object),
  );
  for (const [i, stored] of missing.entries())
    made.set(stored, asStored(converted[i] as KubeObject, stored, target.version.schema));
}

/** A stored object in the version that was asked for; of a webhook's conversions those that {@link convertAhead} made. */
export function inVersion(target: ResolvedResource, stored: StoredObject): StoredObject {
  if (showsStored(target)) return stored;
  const made = knownOf(target);
  let found = made.get(stored);
  if (!found) {
    const object = fromStorage(target.resource.definition, target.version, stored.object);
    if (object instanceof Promise) throw new Error("a webhook converts ahead");
    made.set(stored, (found = asStored(object, stored, target.version.schema)));
  }
  return found;
}

const encoder = new TextEncoder();

/** Gives an object the form of one that is stored; `stored` is what it was made of, if it is. */
export function asStored(object: KubeObject, stored?: StoredObject, schema?: ObjectSchema): StoredObject {
  const { namespace = "", name = "" } = object.metadata;
  const line = encoder.encode(`${jsonText(schema ? withNulls(object, schema) : object)}\n`);
  return {
    key: stored?.key ?? { namespace, name },
    revision: stored?.revision ?? 0,
    object: deepFreeze(object),
    bytes: line.subarray(0, -1),
    line,
    metadata: encoder.encode(jsonText(object.metadata)),
  };
}
