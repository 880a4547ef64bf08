import {
  FIELD_IS_IMMUTABLE,
  invalid,
  parseCidr,
  required,
  validateCidr,
  type FieldError,
  type ServiceCIDR,
} from "#objects";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { CLIENT_METADATA } from "../../definition.ts";

const FIELD = "spec.cidrs";

function validate({ spec = {} }: ServiceCIDR): FieldError[] {
  const cidrs = spec.cidrs ?? [];
  if (cidrs.length === 0) return [required(FIELD, "at least one CIDR required")];
  if (cidrs.length > 2) return [invalid(FIELD, { CIDRs: cidrs }, "may only hold up to 2 values")];
  const errors = cidrs.flatMap((cidr, i) => validateCidr(cidr, `${FIELD}[${i}]`));
  const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.base.family);
  if (second !== undefined && first === second) {
    const detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
    errors.push(invalid(FIELD, cidrs, detail));
  }
  return errors;
}

/** A second network, of the other family, may be added. */
function validateUpdate({ spec = {} }: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const [cidrs, before] = [spec.cidrs ?? [], old.spec?.cidrs ?? []];
  const grown = before.length === 1 && cidrs.length === 2;
  if (cidrs.length !== before.length && !grown) return [invalid(FIELD, cidrs, FIELD_IS_IMMUTABLE)];
  return before.flatMap((cidr, i) =>
    cidr === cidrs[i] ? [] : [invalid(`${FIELD}[${i}]`, cidrs[i], FIELD_IS_IMMUTABLE)],
  );
}

export const serviceCidrs = define<ServiceCIDR>({
  group: "networking.k8s.io",
  resource: "servicecidrs",
  singular: "servicecidr",
  kind: "ServiceCIDR",
  namespaced: false,
  storageVersion: "v1",
  versions: [served("networking", "v1", "ServiceCIDR"), served("networking", "v1beta1", "ServiceCIDR")],
  hasStatus: true,
  statusResetFields: CLIENT_METADATA,
  applyDefaults(draft) {
    draft.spec ??= {};
    draft.status ??= {};
  },
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate,
  validateUpdate,
  columns: [text("CIDRs", ({ spec }) => (spec?.cidrs ?? []).join(",")), AGE],
});
