import {
  duplicate,
  forbidden,
  qualifiedName,
  required,
  sameJson,
  tooLong,
  validateLabelName,
  invalid,
  type FieldError,
  type StorageClass,
  type TopologySelectorTerm,
} from "#objects";
import { oneOf, present, requiredOneOf, unchanged } from "../common/checks.ts";
import { AGE, defaultedName, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { repeats } from "../common/repeats.ts";
import { deprecatedNodeLabel } from "../core/pod/node-labels.ts";

const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_SIZE = 256 * 1024;

/** What a class may hand to its driver. */
export function parameterErrors(parameters: Readonly<Record<string, string>> = {}): FieldError[] {
  const pairs = Object.entries(parameters);
  if (pairs.length > MAX_PARAMETERS) return [tooLong("parameters", "", MAX_PARAMETERS)];
  const errors = pairs
    .filter(([key]) => key === "")
    .map(([key]) => invalid("parameters", key, "field can not be empty."));
  const size = pairs.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return size > MAX_PARAMETERS_SIZE ? [...errors, tooLong("parameters", "", MAX_PARAMETERS_SIZE)] : errors;
}

function termErrors(field: string, { matchLabelExpressions: expressions = [] }: TopologySelectorTerm): FieldError[] {
  const keys = new Set<string>();
  return expressions.flatMap(({ key, values = [] }, i) => {
    const path = `${field}.matchLabelExpressions[${i}]`;
    const errors = values.length === 0 ? [required(`${path}.values`)] : [];
    const repeated = repeats(values);
    for (const [j, value] of values.entries()) {
      if (repeated[j]) errors.push(duplicate(`${path}.values[${j}]`, value));
    }
    errors.push(...validateLabelName(key, `${path}.key`));
    if (keys.has(key)) errors.push(duplicate(`${path}.key`, key));
    keys.add(key);
    return errors;
  });
}

function validate(object: StorageClass): FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = object;
  return [
    ...present("provisioner", provisioner, (name) => qualifiedName(name.toLowerCase())),
    ...parameterErrors(parameters),
    ...(reclaimPolicy ? oneOf("reclaimPolicy", reclaimPolicy, ["Delete", "Retain"]) : []),
    ...requiredOneOf("volumeBindingMode", volumeBindingMode, ["Immediate", "WaitForFirstConsumer"]),
    ...(allowedTopologies ?? []).flatMap((term, i) => termErrors(`allowedTopologies[${i}]`, term)),
  ];
}

function validateUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  const fixed = (["parameters", "provisioner", "reclaimPolicy"] as const)
    .filter((field) => !sameJson(object[field], old[field]))
    .map((field) => forbidden(field, `updates to ${field} are forbidden.`));
  return [...fixed, ...unchanged("volumeBindingMode", object.volumeBindingMode, old.volumeBindingMode)];
}

export const storageClasses = define<StorageClass>({
  group: "storage.k8s.io",
  resource: "storageclasses",
  singular: "storageclass",
  kind: "StorageClass",
  shortNames: ["sc"],
  namespaced: false,
  storageVersion: "v1",
  versions: [served("storage", "v1", "StorageClass")],
  returnsDeletedObject: true,
  applyDefaults(draft) {
    draft.reclaimPolicy ??= "Delete";
    draft.volumeBindingMode ??= "Immediate";
  },
  warnings: ({ allowedTopologies = [] }) =>
    allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) =>
      matchLabelExpressions.flatMap(({ key }, j) => {
        const old = deprecatedNodeLabel(key);
        return old ? [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${old}`] : [];
      }),
    ),
  validate,
  validateUpdate,
  columns: [
    text(
      "Name",
      (object) =>
        defaultedName(
          object,
          "storageclass.kubernetes.io/is-default-class",
          "storageclass.beta.kubernetes.io/is-default-class",
        ),
      { format: "name" },
    ),
    text("Provisioner", ({ provisioner }) => provisioner),
    text("ReclaimPolicy", ({ reclaimPolicy }) => reclaimPolicy ?? "Delete"),
    text("VolumeBindingMode", ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate"),
    text("AllowVolumeExpansion", ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
    AGE,
  ],
});
