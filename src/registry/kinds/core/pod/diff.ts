import { shown } from "#objects";

/** One field that differs between two values. */
export interface Difference {
  readonly path: string;
  readonly old: unknown;
  readonly new: unknown;
}

/**
 * Numbers and booleans of a pod's spec that Go keeps by pointer: for them 0 and false say something else than
 * nothing. All others are the same as absent, since Go clients leave them out.
 */
const POINTERS: ReadonlySet<string> = new Set([
  "activeDeadlineSeconds",
  "allowPrivilegeEscalation",
  "automountServiceAccountToken",
  "completions",
  "defaultMode",
  "enableServiceLinks",
  "expirationSeconds",
  "fsGroup",
  "hostProcess",
  "hostUsers",
  "maxExpirationSeconds",
  "minDomains",
  "mode",
  "optional",
  "parallelism",
  "priority",
  "privileged",
  "readOnlyRootFilesystem",
  "runAsGroup",
  "runAsNonRoot",
  "runAsUser",
  "setHostnameAsFQDN",
  "shareProcessNamespace",
  "terminationGracePeriodSeconds",
  "tolerationSeconds",
]);

/** Where two specs differ, to the semantics of Go's types (apimachinery equality.Semantic.DeepEqual). */
export function differences(old: unknown, updated: unknown, path: string, name = ""): Difference[] {
  if (old === updated || (isZero(old, name) && isZero(updated, name))) return [];
  if (Array.isArray(old) && Array.isArray(updated) && old.length === updated.length) {
    return old.flatMap((item, i) => differences(item, (updated as unknown[])[i], `${path}[${i}]`, name));
  }
  if (isObject(old) && isObject(updated)) {
    const fields = [...Object.keys(old), ...Object.keys(updated).filter((field) => !Object.hasOwn(old, field))];
    return fields.flatMap((field) => differences(old[field], updated[field], `${path}.${field}`, field));
  }
  return [{ path, old, new: updated }];
}

/** The differences as lines, for an error message. */
export function formatDifferences(found: readonly Difference[]): string {
  const line = (sign: string, path: string, value: unknown) =>
    value === undefined ? "" : `${sign}\t${path}: ${shown(value)}\n`;
  return found
    .map((difference) => line("-", difference.path, difference.old) + line("+", difference.path, difference.new))
    .join("");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isZero(value: unknown, name: string): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (value === 0 || value === false) return !POINTERS.has(name);
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}
