import type { PodTemplateSpec } from "#objects";
import { canonicalText, safeEncode } from "../framework/canonical.ts";

/** The label by which a ReplicaSet of a Deployment tells its pods from those of the others. */
export const POD_TEMPLATE_HASH = "pod-template-hash";

/**
 * The hash that names the ReplicaSet of a template: FNV-1a of 32 bits over the template and, after a collision,
 * the number of collisions, in decimal and written in the safe alphabet. Upstream hashes a memory dump of its
 * Go structures, which other programs cannot make; here it is the template's JSON with sorted keys, so that templates
 * that mean the same have the same hash and nothing in them is left out.
 */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  let hash = fnv1a(0x811c9dc5, new TextEncoder().encode(canonicalText(template)));
  if (collisionCount !== undefined) {
    const count = new Uint8Array(8);
    new DataView(count.buffer).setUint32(0, collisionCount, true);
    hash = fnv1a(hash, count);
  }
  return safeEncode(String(hash));
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
    text = canonicalText({ ...template, metadata: { ...template.metadata, labels } });
    if (Object.isFrozen(template)) remembered.set(template, text);
  }
  return text;
}
