import type { Random } from "#base";
import type { KubeObject, ObjectReference } from "#objects";

const MAX_NAME = 253;

/** Makes names of Events: `<object>.<nanoseconds in hex>` (client-go GenerateEventName). */
export function createEventNames(random: Random): (object: string, now: number) => string {
  let made = 0;
  return (object, now) => {
    // The last digits tell Events of one millisecond apart.
    const nanoseconds = BigInt(Math.floor(now)) * 1_000_000n + BigInt(made++ % 1_000_000);
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
