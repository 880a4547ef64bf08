import type { Random } from "#base";
import type { KubeObject, ObjectReference } from "#objects";

const MAX_NAME = 253;

/** Nanoseconds of a millisecond. */
const DIGITS = 1_000_000;

/**
 * Makes names of Events: `<object>.<nanoseconds in hex>` (client-go GenerateEventName). `component`: who records, since
 * several may record about one object at once.
 */
export function createEventNames(random: Random, component: string): (object: string, now: number) => string {
  let made = 0;
  for (const character of component) made = (made * 31 + character.charCodeAt(0)) % DIGITS;
  return (object, now) => {
    // The last digits tell Events of one millisecond apart.
    const nanoseconds = BigInt(Math.floor(now)) * BigInt(DIGITS) + BigInt(made++ % DIGITS);
    const name = `${object}.${nanoseconds.toString(16)}`;
    return name.length <= MAX_NAME ? name : random.uuid();
  };
}

/** A reference to the object, or what was handed in when it is one already. */
export function referenceTo(about: KubeObject | ObjectReference): ObjectReference {
  if (!("metadata" in about)) return about;
  const { namespace, name, uid, resourceVersion } = about.metadata;
  return {
    kind: about.kind,
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(uid ? { uid } : {}),
    apiVersion: about.apiVersion,
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}
