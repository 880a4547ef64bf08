/**
 * Between the storage version and the others. What is given is never changed, and what is returned may share its
 * parts. Nothing is promised where nothing has to be waited for: conversions of built-in kinds are plain calls.
 */
import { plainError, type AnyDraft, type KubeObject } from "#objects";
import type { Conversion, ServedVersion } from "../contract.ts";
import type { ResourceDefinition } from "../definition.ts";
import { apiVersionOf, isStorageVersion, storageApiVersion } from "./versions.ts";

export type Awaitable<T> = T | Promise<T>;
type Source = Readonly<AnyDraft>;

/** A draft in one of the kind's versions, in the one that is stored. */
export function toStorage(
  definition: ResourceDefinition,
  version: ServedVersion,
  draft: AnyDraft,
): Awaitable<AnyDraft> {
  if (isStorageVersion(definition, version)) return draft;
  return one(version.conversion, "toStorage", draft, storageApiVersion(definition));
}

/** A stored object in one of the kind's versions. */
export function fromStorage(
  definition: ResourceDefinition,
  version: ServedVersion,
  object: KubeObject,
): Awaitable<KubeObject> {
  if (isStorageVersion(definition, version)) return object;
  return one(
    version.conversion,
    "fromStorage",
    object as Source,
    apiVersionOf(definition, version),
  ) as Awaitable<KubeObject>;
}

/** Objects of one version in the one that is stored, in one call where a webhook converts. */
export function allToStorage(
  definition: ResourceDefinition,
  version: ServedVersion,
  objects: readonly Source[],
): Awaitable<readonly AnyDraft[]> {
  return all(version.conversion, "toStorage", objects, storageApiVersion(definition));
}

/** Stored objects in one of the kind's versions, in one call where a webhook converts. */
export function allFromStorage(
  definition: ResourceDefinition,
  version: ServedVersion,
  objects: readonly KubeObject[],
): Awaitable<readonly AnyDraft[]> {
  return all(version.conversion, "fromStorage", objects as readonly Source[], apiVersionOf(definition, version));
}

type Direction = "fromStorage" | "toStorage";

function one(
  conversion: Conversion | undefined,
  direction: Direction,
  object: Source,
  apiVersion: string,
): Awaitable<AnyDraft> {
  if (conversion?.type === "remote") {
    return remotely(conversion, direction, [object], apiVersion).then(([converted]) => converted!);
  }
  return called(conversion ? conversion[direction](object) : object, object, apiVersion);
}

function all(
  conversion: Conversion | undefined,
  direction: Direction,
  objects: readonly Source[],
  apiVersion: string,
): Awaitable<readonly AnyDraft[]> {
  if (conversion?.type === "remote") return remotely(conversion, direction, objects, apiVersion);
  return objects.map((object) => called(conversion ? conversion[direction](object) : object, object, apiVersion));
}

async function remotely(
  conversion: Extract<Conversion, { readonly type: "remote" }>,
  direction: Direction,
  objects: readonly Source[],
  apiVersion: string,
): Promise<readonly AnyDraft[]> {
  const converted = await conversion[direction](objects);
  if (converted.length !== objects.length) {
    throw plainError(`conversion to ${apiVersion} returned ${converted.length} objects, expected ${objects.length}`);
  }
  return converted.map((object, i) => called(object, objects[i]!, apiVersion));
}

/** A conversion that has nothing to do may give back what it got, which is left as it is. */
function called(converted: Source, source: Source, apiVersion: string): AnyDraft {
  if (converted === source) return { ...converted, apiVersion };
  (converted as AnyDraft).apiVersion = apiVersion;
  return converted as AnyDraft;
}
