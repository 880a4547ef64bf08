import {
  duplicate,
  invalid,
  qualifiedName,
  required,
  sameJson,
  tooLong,
  type CSINode,
  type FieldError,
} from "#objects";
import { each, nonNegative } from "../common/checks.ts";
import { AGE, integer } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { repeats } from "../common/repeats.ts";
import { csiDriverNameErrors } from "../core/volume-sources.ts";

const MAX_NODE_ID = 192;

function validate({ spec }: CSINode): FieldError[] {
  const names = new Set<string>();
  return (spec?.drivers ?? []).flatMap(({ name, nodeID, topologyKeys = [], allocatable }, i) => {
    const field = `spec.drivers[${i}]`;
    const errors = csiDriverNameErrors(`${field}.name`, name ?? "");
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
    if (!nodeID) errors.push(required(`${field}.nodeID`));
    else if (nodeID.length > MAX_NODE_ID) errors.push(tooLong(`${field}.nodeID`, nodeID, MAX_NODE_ID));
    errors.push(...nonNegative(`${field}.allocatable.count`, allocatable?.count));
    const repeated = repeats(topologyKeys);
    for (const [j, key] of topologyKeys.entries()) {
      const path = `${field}.topologyKeys`;
      errors.push(...each(path, key, qualifiedName(key)));
      if (repeated[j]) errors.push(duplicate(path, key));
    }
    return errors;
  });
}

/** A driver's entry is fixed but for what can be allocated; drivers may come and go. */
function validateUpdate({ spec }: CSINode, old: CSINode): FieldError[] {
  // The first of each name counts.
  const drivers = new Map((spec?.drivers ?? []).toReversed().map((driver) => [driver.name, driver]));
  return (old.spec?.drivers ?? []).flatMap((before) => {
    const driver = drivers.get(before.name);
    const same = !driver || sameJson({ ...driver, allocatable: 0 }, { ...before, allocatable: 0 });
    return same ? [] : [invalid("spec.drivers", driver, "field is immutable")];
  });
}

export const csiNodes = define<CSINode>({
  group: "storage.k8s.io",
  resource: "csinodes",
  singular: "csinode",
  kind: "CSINode",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("storage", "v1", "CSINode")],
  returnsDeletedObject: true,
  requiresResourceVersionOnUpdate: true,
  validate,
  validateUpdate,
  columns: [integer("Drivers", ({ spec }) => spec?.drivers?.length ?? 0), AGE],
});
