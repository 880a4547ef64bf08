import { forEachYielding, type Clock } from "#base";
import type { StoredObject } from "../contract.ts";

/**
 * Resolves once all have their frozen form. Just read from the store they are bytes, and parsing thousands at once
 * would hold up all other requests.
 */
export async function parsed(objects: readonly StoredObject[], clock: Clock): Promise<void> {
  await forEachYielding(objects, clock, (object) => void object.object);
}
