import type { ResourceDefinition } from "#registry";

type Paths = readonly (readonly string[])[];

const NONE: Paths = [];
const STATUS: Paths = [["status"]];
const ALL_BUT_STATUS: Paths = [["spec"]];

const ofStatus = new WeakMap<ResourceDefinition, Paths>();

/** The fields that a write to an object or one of its subresources cannot set, and so never owns. The same list each time. */
export function resetFieldsOf(definition: ResourceDefinition, subresource: string | undefined): Paths {
  if (subresource !== "status") return definition.hasStatus ? STATUS : NONE;
  const { statusKeeps } = definition;
  if (!statusKeeps) return ALL_BUT_STATUS;
  let paths = ofStatus.get(definition);
  if (!paths)
    ofStatus.set(definition, (paths = [...ALL_BUT_STATUS, ...statusKeeps.map((field) => ["metadata", field])]));
  return paths;
}
