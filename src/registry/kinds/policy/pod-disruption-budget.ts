import { invalid, validateLabelSelector, type FieldError, type IntOrString, type PodDisruptionBudget } from "#objects";
import { validateAtMost100Percent, validateIntOrPercent } from "../apps/rolling-update.ts";
import { validateFigures } from "../apps/status.ts";
import { optionalOneOf } from "../common/checks.ts";
import { AGE, integer, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";

const orNothing = (value: IntOrString | undefined): string => (value === undefined ? "N/A" : `${value}`);

export const podDisruptionBudgets = define<PodDisruptionBudget>({
  group: "policy",
  resource: "poddisruptionbudgets",
  singular: "poddisruptionbudget",
  kind: "PodDisruptionBudget",
  shortNames: ["pdb"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("policy", "v1", "PodDisruptionBudget")],
  requiresResourceVersionOnUpdate: true,
  hasStatus: true,
  hasGeneration: true,
  prepareForCreate(draft) {
    draft.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  validate: validateBudget,
  validateStatusUpdate: ({ status }) =>
    validateFigures(status, ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"], []),
  columns: [
    text("Min Available", ({ spec }) => orNothing(spec?.minAvailable), {
      description: "Pods that must stay available, by number or share",
    }),
    text("Max Unavailable", ({ spec }) => orNothing(spec?.maxUnavailable), {
      description: "Pods that may be unavailable, by number or share",
    }),
    integer("Allowed Disruptions", ({ status }) => status?.disruptionsAllowed ?? 0, {
      description: "Pods that may be evicted now",
    }),
    AGE,
  ],
});

/** Source: upstream pkg/apis/policy/validation ValidatePodDisruptionBudgetSpec. */
function validateBudget({ spec = {} }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable } = spec;
  const share = (field: string, value: IntOrString | undefined) =>
    value === undefined
      ? []
      : [...validateIntOrPercent(value, `spec.${field}`), ...validateAtMost100Percent(value, `spec.${field}`)];
  return [
    ...(minAvailable !== undefined && maxUnavailable !== undefined
      ? [invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")]
      : []),
    ...share("minAvailable", minAvailable),
    ...share("maxUnavailable", maxUnavailable),
    ...validateLabelSelector(spec.selector, "spec.selector"),
    ...optionalOneOf("spec.unhealthyPodEvictionPolicy", spec.unhealthyPodEvictionPolicy, [
      "AlwaysAllow",
      "IfHealthyBudget",
    ]),
  ];
}
