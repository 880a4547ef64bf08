import type { ObjectMeta } from "./generated/types.ts";
import { setValue } from "./json.ts";

/** Any API object as JSON has it. Stored ones are frozen: read them, never change them. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** An object's body while it is being made: every field may be set. Only fresh objects are drafts, never stored ones. */
export type Draft<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends readonly (infer Item)[]
    ? Draft<Item>[]
    : T extends object
      ? { -readonly [Key in keyof T]: Draft<T[Key]> }
      : T;

/** A draft of an object of a kind that is not known to the types. */
export type AnyDraft = Draft<KubeObject> & { [field: string]: unknown };

/** What a client hands in to create an object: metadata may lack what the server fills in. */
export type New<T extends KubeObject> = Omit<T, "apiVersion" | "kind" | "status"> & {
  readonly apiVersion?: string;
  readonly kind?: string;
};

/** Where an object lives. `namespace` is empty for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`, or the name alone for cluster-scoped objects (client-go's cache.MetaNamespaceKeyFunc). */
export function keyOf(object: KubeObject | ObjectKey): string {
  const { namespace, name } = "metadata" in object ? object.metadata : object;
  return namespace ? `${namespace}/${name}` : `${name}`;
}

/** The inverse of {@link keyOf}. */
export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf("/");
  return slash < 0 ? { namespace: "", name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Freezes a value and everything in it; what is frozen already is taken to be frozen throughout. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (Array.isArray(value)) for (const item of value as unknown[]) deepFreeze(item);
  else for (const key in value) deepFreeze(value[key]);
  return value;
}

/**
 * A deep, unfrozen copy of a JSON value, to make a draft of. Only frozen managedFields stay as they are: they are
 * large, are never changed in place, and it shows that the draft leaves them alone.
 */
export function draftOf<T>(value: T): Draft<T> {
  return copy(value) as Draft<T>;
}

function copy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  const result: Record<string, unknown> = {};
  for (const key in value) {
    const part = (value as Record<string, unknown>)[key];
    setValue(result, key, key === "managedFields" && Object.isFrozen(part) ? part : copy(part));
  }
  return result;
}
