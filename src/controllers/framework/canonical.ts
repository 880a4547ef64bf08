import { jsonText } from "#objects";

/** No vowels and no 0, 1, 3, as in generated names (apimachinery rand.SafeEncodeString). */
const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** A text with its characters in the alphabet of generated names, in which no words appear. */
export const safeEncode = (text: string): string =>
  text.replaceAll(/./gs, (character) => SAFE_ALPHABET[character.charCodeAt(0) % SAFE_ALPHABET.length]!);

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

/** JSON with sorted keys, without absent values: the same for pod templates that mean the same. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (typeof value !== "object" || value === null) return value === undefined ? "null" : jsonText(value);
  const fields: string[] = [];
  for (const [key, field] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (isAbsent(field)) continue;
    const text = canonicalText(field);
    if (text === "{}" && MAPS.has(key)) continue;
    fields.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${fields.join(",")}}`;
}
