import { forbidden, type FieldError, type PriorityClass } from "#objects";
import { requiredOneOf, unchanged } from "../common/checks.ts";
import { AGE, boolean, integer, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

const SYSTEM_PREFIX = "system-";
const HIGHEST_USER_PRIORITY = 1_000_000_000;

/** The priority classes that every cluster has, by name (apis/scheduling/v1 SystemPriorityClasses). */
export const SYSTEM_PRIORITY_CLASSES: Readonly<
  Record<string, { readonly value: number; readonly description: string }>
> = {
  "system-node-critical": {
    value: 2 * HIGHEST_USER_PRIORITY + 1000,
    description: "Used for system critical pods that must not be moved from their current node.",
  },
  "system-cluster-critical": {
    value: 2 * HIGHEST_USER_PRIORITY,
    description:
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
};

function systemNameError({ metadata, value = 0, globalDefault = false }: PriorityClass): string | undefined {
  const name = metadata.name ?? "";
  const known = SYSTEM_PRIORITY_CLASSES[name];
  if (!known) return `${name} is not a known system priority class`;
  if (known.value !== value) return `value of ${name} PriorityClass must be ${known.value}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function validate(object: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  if (object.metadata.name?.startsWith(SYSTEM_PREFIX)) {
    const problem = systemNameError(object);
    if (problem) {
      const reserved = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only`;
      errors.push(forbidden("metadata.name", `${reserved}. error: ${problem}`));
    }
  } else if ((object.value ?? 0) > HIGHEST_USER_PRIORITY) {
    errors.push(forbidden("value", `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`));
  }
  const { preemptionPolicy } = object;
  if (preemptionPolicy !== undefined) {
    errors.push(...requiredOneOf("preemptionPolicy", preemptionPolicy, ["PreemptLowerPriority", "Never"]));
  }
  return errors;
}

export const priorityClasses = define<PriorityClass>({
  group: "scheduling.k8s.io",
  resource: "priorityclasses",
  singular: "priorityclass",
  kind: "PriorityClass",
  shortNames: ["pc"],
  namespaced: false,
  storageVersion: "v1",
  versions: [served("scheduling", "v1", "PriorityClass")],
  hasGeneration: true,
  applyDefaults(draft) {
    draft.preemptionPolicy ??= "PreemptLowerPriority";
    draft.value ??= 0;
  },
  validate,
  validateUpdate: (object, old) => [
    ...((object.value ?? 0) === (old.value ?? 0) ? [] : [forbidden("value", "may not be changed in an update.")]),
    ...unchanged("preemptionPolicy", object.preemptionPolicy, old.preemptionPolicy),
  ],
  columns: [
    integer("Value", ({ value }) => value ?? 0),
    boolean("Global-Default", ({ globalDefault }) => globalDefault ?? false),
    AGE,
    text("PreemptionPolicy", ({ preemptionPolicy }) => preemptionPolicy ?? ""),
  ],
});
