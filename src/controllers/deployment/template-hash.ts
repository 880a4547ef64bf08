import { jsonText, type PodTemplateSpec } from "#objects";

/** The label by which a ReplicaSet of a Deployment tells its pods from those of the others. */
export const POD_TEMPLATE_HASH = "pod-template-hash";

/** No vowels and no 0, 1, 3, as in generated names (apimachinery rand.SafeEncodeString). */
const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/**
 * The hash that names the ReplicaSet of a template: FNV-1a of 32 bits over the template and, after a collision,
 * the number of collisions, in decimal and written in the safe alphabet. Upstream hashes a memory dump of its
 * Go structures, which other programs cannot make; here it is the template's JSON with sorted keys, so that templates
 * that mean the same have the same hash and nothing in them is left out.
 */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  let hash = fnv1a(0x811c9dc5, new TextEncoder().encode(canonical(template)));
  if (collisionCount !== undefined) {
    const count = new Uint8Array(8);
    new DataView(count.buffer).setUint32(0, collisionCount, true);
    hash = fnv1a(hash, count);
  }
  return String(hash).replaceAll(/\d/g, (digit) => SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length]!);
}

function fnv1a(start: number, bytes: Uint8Array): number {
  let hash = start;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Whether two templates are the same but for the hash label (upstream EqualIgnoreHash). */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return a === b || canonicalWithoutHash(a) === canonicalWithoutHash(b);
}

const remembered = new WeakMap<PodTemplateSpec, string>();

/** Stored templates are frozen, so each is written out once however often it is compared. */
function canonicalWithoutHash(template: PodTemplateSpec | undefined): string {
  if (!template) return "";
  let text = remembered.get(template);
  if (text === undefined) {
    const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {};
    text = canonical({ ...template, metadata: { ...template.metadata, labels } });
    if (Object.isFrozen(template)) remembered.set(template, text);
  }
  return text;
}

/** Maps and lists of the API mean the same empty as absent. */
function isAbsent(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) && value.length === 0;
}

/** Maps (not structures) of a pod template: empty, they are as good as absent. */
const MAPS: ReadonlySet<string> = new Set([
  "labels",
  "annotations",
  "nodeSelector",
  "limits",
  "requests",
  "resources",
  "overhead",
  "metadata",
]);

/** JSON with sorted keys, without absent values. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return value === undefined ? "null" : jsonText(value);
  const fields: string[] = [];
  for (const [key, field] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (isAbsent(field)) continue;
    const text = canonical(field);
    if (text === "{}" && MAPS.has(key)) continue;
    fields.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${fields.join(",")}}`;
}
