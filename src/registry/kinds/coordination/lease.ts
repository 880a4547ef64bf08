import { forbidden, invalid, type FieldError, type Lease } from "#objects";
import { nonNegative } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { strategyErrors } from "./strategy.ts";

function validate({ spec = {} }: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = spec;
  const errors: FieldError[] = [];
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalid("spec.leaseDurationSeconds", leaseDurationSeconds, "must be greater than 0"));
  }
  errors.push(...nonNegative("spec.leaseTransitions", leaseTransitions));
  if (strategy !== undefined) errors.push(...strategyErrors("spec.strategy", strategy));
  if (preferredHolder && !strategy) {
    errors.push(forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined"));
  }
  return errors;
}

export const leases = define<Lease>({
  group: "coordination.k8s.io",
  resource: "leases",
  singular: "lease",
  kind: "Lease",
  namespaced: true,
  storageVersion: "v1",
  versions: [served("coordination", "v1", "Lease")],
  createsOnUpdate: true,
  requiresResourceVersionOnUpdate: true,
  applyDefaults(draft) {
    draft.spec ??= {};
  },
  validate,
  columns: [text("Holder", ({ spec }) => spec?.holderIdentity ?? ""), AGE],
});
