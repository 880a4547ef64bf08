import { duplicate, sameJson, invalid, tooMany, type FieldError, type ResourceV1ResourceClaim } from "#objects";
import { present } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { converted, define, served } from "../common/define.ts";
import { applyClaimDefaults, claimSpecErrors } from "./claim-spec.ts";
import { claimFromBeta1, claimToBeta1 } from "./convert.ts";
import { CLIENT_METADATA } from "../../definition.ts";
import { repeats } from "../common/repeats.ts";

type Claim = ResourceV1ResourceClaim;

const MAX_RESERVED = 256;

function state({ metadata, status }: Claim): string {
  const states: string[] = [];
  if (metadata.deletionTimestamp) states.push("deleted");
  if (!status?.allocation) {
    if (!metadata.deletionTimestamp) states.push("pending");
  } else {
    states.push("allocated");
    if (status.reservedFor?.length) states.push("reserved");
  }
  return states.join(",");
}

function validateStatus({ status }: Claim, old: Claim): FieldError[] {
  const reserved = status?.reservedFor ?? [];
  const field = "status.reservedFor";
  const repeated = repeats(reserved.map(({ uid }) => uid));
  const errors = reserved.flatMap((consumer, i) => [
    ...present(`${field}[${i}].resource`, consumer.resource),
    ...present(`${field}[${i}].name`, consumer.name),
    ...present(`${field}[${i}].uid`, consumer.uid),
    ...(repeated[i] ? [duplicate(`${field}[${i}].uid`, consumer.uid)] : []),
  ]);
  if (reserved.length > MAX_RESERVED) errors.push(tooMany(field, reserved.length, MAX_RESERVED));
  const before = old.status?.allocation;
  if (before && status?.allocation && !sameJson(status.allocation, before)) {
    errors.push(invalid("status.allocation", status.allocation, "field is immutable"));
  }
  return errors;
}

export const resourceClaims = define<Claim>({
  group: "resource.k8s.io",
  resource: "resourceclaims",
  singular: "resourceclaim",
  kind: "ResourceClaim",
  namespaced: true,
  storageVersion: "v1",
  versions: [
    served("resource", "v1", "ResourceClaim"),
    served("resource", "v1beta2", "ResourceClaim"),
    served("resource", "v1beta1", "ResourceClaim", converted(claimToBeta1, claimFromBeta1)),
  ],
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  applyDefaults(draft) {
    applyClaimDefaults(draft.spec);
    draft.status ??= {};
  },
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate: ({ spec }) => claimSpecErrors("spec", spec),
  validateUpdate: ({ spec }, old) => (sameJson(spec, old.spec) ? [] : [invalid("spec", spec, "field is immutable")]),
  validateStatusUpdate: validateStatus,
  columns: [text("State", state), AGE],
});
