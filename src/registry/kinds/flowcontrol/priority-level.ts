import {
  forbidden,
  invalid,
  required,
  type Draft,
  type FieldError,
  type PriorityLevelConfiguration,
  type QueuingConfiguration,
} from "#objects";
import { nonNegative, requiredOneOf } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { CLIENT_METADATA } from "../../definition.ts";

const MAX_QUEUES = 10_000_000;
const MAX_PERCENT = 100;
const LIMITED = "spec.limited";

function applyDefaults(draft: Draft<PriorityLevelConfiguration>): void {
  const { limited, exempt } = (draft.spec ??= { type: "" });
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (limited) {
    limited.nominalConcurrencyShares ??= 30;
    limited.lendablePercent ??= 0;
    const queuing = limited.limitResponse?.queuing;
    if (queuing) {
      queuing.handSize ||= 8;
      queuing.queues ||= 64;
      queuing.queueLengthLimit ||= 50;
    }
  }
  draft.status ??= {};
}

const percent = (field: string, value: number | undefined): FieldError[] =>
  value !== undefined && (value < 0 || value > MAX_PERCENT)
    ? [invalid(field, value, `must be between 0 and ${MAX_PERCENT}, inclusive`)]
    : [];

function queuingErrors({ queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration): FieldError[] {
  const field = `${LIMITED}.limitResponse.queuing`;
  const errors: FieldError[] = [];
  if (queueLengthLimit <= 0) {
    errors.push(invalid(`${field}.queueLengthLimit`, queueLengthLimit, "must be positive"));
  }
  if (queues <= 0) errors.push(invalid(`${field}.queues`, queues, "must be positive"));
  else if (queues > MAX_QUEUES)
    errors.push(invalid(`${field}.queues`, queues, `must not be greater than ${MAX_QUEUES}`));
  if (handSize <= 0) errors.push(invalid(`${field}.handSize`, handSize, "must be positive"));
  else if (handSize > queues) {
    const detail = `should not be greater than queues (${queues})`;
    errors.push(invalid(`${field}.handSize`, handSize, detail));
  }
  return errors;
}

function limitedErrors({ limited }: NonNullable<PriorityLevelConfiguration["spec"]>): FieldError[] {
  if (!limited) return [required(LIMITED, "must not be empty when type is Limited")];
  const { limitResponse, nominalConcurrencyShares, lendablePercent, borrowingLimitPercent } = limited;
  const errors = nonNegative(`${LIMITED}.nominalConcurrencyShares`, nominalConcurrencyShares);
  const response = `${LIMITED}.limitResponse`;
  errors.push(...requiredOneOf(`${response}.type`, limitResponse?.type, ["Queue", "Reject"]));
  const queuing = limitResponse?.queuing;
  if (limitResponse?.type === "Reject" && queuing) {
    errors.push(forbidden(`${response}.queuing`, "must be nil if limited.limitResponse.type is not Limited"));
  } else if (limitResponse?.type === "Queue") {
    const missing = required(`${response}.queuing`, "must not be empty if limited.limitResponse.type is Limited");
    errors.push(...(queuing ? queuingErrors(queuing) : [missing]));
  }
  errors.push(...percent(`${LIMITED}.lendablePercent`, lendablePercent));
  return [...errors, ...nonNegative(`${LIMITED}.borrowingLimitPercent`, borrowingLimitPercent)];
}

function validate({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const type = spec?.type;
  const errors = requiredOneOf("spec.type", type, ["Exempt", "Limited"]);
  if (metadata.name === "exempt" && type !== "Exempt") {
    errors.push(invalid("spec.type", type, "type must be 'Exempt' if and only if name is 'exempt'"));
  }
  if (!spec) return errors;
  if (type === "Exempt" && spec.limited) {
    errors.push(forbidden(LIMITED, "must be nil if the type is not Limited"));
  }
  if (type === "Limited" && spec.exempt) {
    errors.push(forbidden("spec.exempt", "must be nil if the type is Limited"));
  }
  if (spec.exempt) {
    errors.push(...nonNegative("spec.exempt.nominalConcurrencyShares", spec.exempt.nominalConcurrencyShares));
    errors.push(...percent("spec.exempt.lendablePercent", spec.exempt.lendablePercent));
  }
  return type === "Limited" ? [...errors, ...limitedErrors(spec)] : errors;
}

const queuing = (field: keyof QueuingConfiguration) =>
  text<PriorityLevelConfiguration>(
    `${field.charAt(0).toUpperCase()}${field.slice(1)}`,
    ({ spec }) => spec?.limited?.limitResponse?.queuing?.[field] ?? "<none>",
  );

export const priorityLevelConfigurations = define<PriorityLevelConfiguration>({
  group: "flowcontrol.apiserver.k8s.io",
  resource: "prioritylevelconfigurations",
  singular: "prioritylevelconfiguration",
  kind: "PriorityLevelConfiguration",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("flowcontrol", "v1", "PriorityLevelConfiguration")],
  requiresResourceVersionOnUpdate: true,
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  hasGeneration: true,
  applyDefaults,
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate,
  columns: [
    text("Type", ({ spec }) => spec?.type ?? ""),
    text("NominalConcurrencyShares", ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? "<none>"),
    queuing("queues"),
    queuing("handSize"),
    queuing("queueLengthLimit"),
    AGE,
  ],
});
