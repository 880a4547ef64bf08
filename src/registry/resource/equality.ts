import type { AnyDraft, KubeObject } from "#objects";

/** Whether two JSON values are the same; a field that is undefined counts as absent. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  return sameFields(a as Fields, b as Fields, NOTHING);
}

type Fields = Readonly<Record<string, unknown>>;

const NOTHING: ReadonlySet<string> = new Set();
const GENERATED: ReadonlySet<string> = new Set(["resourceVersion", "managedFields", "selfLink"]);
const BESIDE_SPEC: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata", "status"]);
const TYPE_AND_METADATA: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);
const TIME: ReadonlySet<string> = new Set(["time"]);

function sameFields(a: Fields, b: Fields, except: ReadonlySet<string>): boolean {
  for (const field in a) {
    if (except.has(field)) continue;
    if (!same(a[field], Object.hasOwn(b, field) ? b[field] : undefined)) return false;
  }
  for (const field in b) {
    if (except.has(field) || Object.hasOwn(a, field)) continue;
    if (b[field] !== undefined) return false;
  }
  return true;
}

/** Whether anything but type, metadata and status differs: what `metadata.generation` counts. */
export function sameSpec(a: AnyDraft, b: KubeObject): boolean {
  return sameFields(a, b as unknown as Fields, BESIDE_SPEC);
}

/**
 * Whether writing `a` over `b` would change nothing. Times in managedFields alone are no change (upstream
 * fieldmanager.IgnoreManagedFieldsTimestampsTransformer).
 */
export function sameObject(a: AnyDraft, b: KubeObject): boolean {
  return (
    sameFields(a, b as unknown as Fields, TYPE_AND_METADATA) &&
    sameFields(a.metadata as Fields, b.metadata as Fields, GENERATED) &&
    sameManagers(a.metadata.managedFields ?? [], b.metadata.managedFields ?? [])
  );
}

function sameManagers(a: readonly object[], b: readonly object[]): boolean {
  return a.length === b.length && a.every((entry, i) => sameFields(entry as Fields, b[i] as Fields, TIME));
}
