import {
  duplicate,
  forbidden,
  formatTime,
  humanDuration,
  invalid,
  pathSegmentName,
  required,
  type CertificateSigningRequest,
  type CertificateSigningRequestCondition,
  type Draft,
  type FieldError,
} from "#objects";
import type { WriteContext } from "../../definition.ts";
import { decodeBase64 } from "#base";
import { oneOf, present, requiredOneOf } from "../common/checks.ts";
import { AGE, text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { repeats } from "../common/repeats.ts";
import { lifetimeErrors, signerNameErrors } from "./signer.ts";

type Csr = CertificateSigningRequest;
type Conditions = readonly CertificateSigningRequestCondition[];

const DECISIONS = ["Approved", "Denied"];
const MIN_SECONDS = 600;
const USAGES = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];

function requestErrors(request: string | undefined): FieldError[] {
  const wrong = [invalid("spec.request", request ?? "", "PEM block type must be CERTIFICATE REQUEST")];
  try {
    return decodeBase64(request ?? "").includes("-----BEGIN CERTIFICATE REQUEST-----") ? [] : wrong;
  } catch {
    return wrong;
  }
}

function conditionErrors(conditions: Conditions): FieldError[] {
  const types = conditions.map(({ type }) => type);
  const repeated = repeats(types);
  const both = DECISIONS.every((type) => types.includes(type));
  return conditions.flatMap(({ type, status }, i) => {
    const field = `status.conditions[${i}]`;
    const errors = present(`${field}.type`, type);
    errors.push(...requiredOneOf(`${field}.status`, status, ["False", "True", "Unknown"]));
    const limited = [...DECISIONS, "Failed"].includes(type);
    if (limited && status && status !== "True") errors.push(...oneOf(`${field}.status`, status, ["True"]));
    if (repeated[i]) errors.push(duplicate(`${field}.type`, type));
    if (both && type === "Denied") {
      const detail = "Approved and Denied conditions are mutually exclusive";
      errors.push(invalid(`${field}.type`, type, detail));
    }
    return errors;
  });
}

function validate({ spec, status }: Csr): FieldError[] {
  const usages = spec?.usages ?? [];
  const repeated = repeats(usages);
  return [
    ...requestErrors(spec?.request),
    ...(usages.length === 0 ? [required("spec.usages")] : []),
    ...usages.flatMap((usage, i) => oneOf(`spec.usages[${i}]`, usage, USAGES)),
    ...usages.flatMap((usage, i) => (repeated[i] ? [duplicate(`spec.usages[${i}]`, usage)] : [])),
    ...signerNameErrors("spec.signerName", spec?.signerName),
    ...lifetimeErrors(
      "spec.expirationSeconds",
      spec?.expirationSeconds,
      MIN_SECONDS,
      "may not specify a duration less than 600 seconds (10 minutes)",
    ),
    ...conditionErrors(status?.conditions ?? []),
  ];
}

const ofType = (conditions: Conditions | undefined, types: readonly string[]) =>
  (conditions ?? []).filter(({ type }) => types.includes(type));

/** Conditions of these types stay once they are there. */
function removalErrors({ status }: Csr, { status: old }: Csr): FieldError[] {
  const kept = new Set(status?.conditions?.map(({ type }) => type));
  return [...new Set(ofType(old?.conditions, [...DECISIONS, "Failed"]).map(({ type }) => type))]
    .filter((type) => !kept.has(type))
    .map((type) =>
      forbidden("status.conditions", `updates may not remove a condition of type ${JSON.stringify(type)}`),
    );
}

/** Only `approval` may decide. */
function decisionErrors({ status }: Csr, { status: old }: Csr): FieldError[] {
  const had = new Set(old?.conditions?.map(({ type }) => type));
  return ofType(status?.conditions, DECISIONS)
    .filter(({ type }) => !had.has(type))
    .map(({ type }) =>
      forbidden("status.conditions", `updates may not add a condition of type ${JSON.stringify(type)}`),
    );
}

function certificateErrors({ status }: Csr, { status: old }: Csr): FieldError[] {
  if (!old?.certificate || status?.certificate === old.certificate) return [];
  return [forbidden("status.certificate", "updates may not set certificate content")];
}

/** Fills in the times that a client left out. */
function stampConditions(draft: Draft<Csr>, old: Csr, { now }: WriteContext): void {
  const time = formatTime(now);
  for (const condition of draft.status?.conditions ?? []) {
    condition.lastUpdateTime ??= time;
    const before = old.status?.conditions?.find(({ type }) => type === condition.type);
    const moved = before?.status !== condition.status;
    condition.lastTransitionTime ??= moved ? time : (before?.lastTransitionTime ?? time);
  }
}

function state({ status }: Csr): string {
  const has = (type: string) => status?.conditions?.some((condition) => condition.type === type);
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  return `${decision}${has("Failed") ? ",Failed" : ""}${status?.certificate ? ",Issued" : ""}`;
}

export const certificateSigningRequests = define<Csr>({
  group: "certificates.k8s.io",
  resource: "certificatesigningrequests",
  singular: "certificatesigningrequest",
  kind: "CertificateSigningRequest",
  shortNames: ["csr"],
  namespaced: false,
  storageVersion: "v1",
  versions: [served("certificates", "v1", "CertificateSigningRequest")],
  nameErrors: pathSegmentName,
  hasStatus: true,
  resetFields: ["spec"],
  applyDefaults(draft) {
    draft.status ??= {};
  },
  prepareForCreate(draft, { user }) {
    draft.status = {};
    // The requester is the authenticated user, never what the body says.
    draft.spec.username = user.username;
    draft.spec.groups = [...user.groups];
    delete draft.spec.uid;
    delete draft.spec.extra;
    if (user.uid) draft.spec.uid = user.uid;
    if (user.extra) draft.spec.extra = Object.fromEntries(Object.entries(user.extra).map(([k, v]) => [k, [...v]]));
  },
  prepareForUpdate(draft, old) {
    draft.spec = old.spec as Draft<Csr>["spec"];
  },
  prepareForStatusUpdate: stampConditions,
  validate,
  validateStatusUpdate: (csr, old) => [
    ...conditionErrors(csr.status?.conditions ?? []),
    ...removalErrors(csr, old),
    ...decisionErrors(csr, old),
    ...certificateErrors(csr, old),
  ],
  subresources: {
    approval: {
      type: "update",
      resetFields: { reset: [["spec"], ["status", "certificate"]] },
      prepareForUpdate(draft, old, context) {
        const conditions = draft.status?.conditions ?? [];
        draft.spec = old.spec as Draft<Csr>["spec"];
        draft.status = { ...(old.status as Draft<Csr>["status"]), conditions };
        stampConditions(draft, old, context);
      },
      validateUpdate: (csr, old) => [...conditionErrors(csr.status?.conditions ?? []), ...removalErrors(csr, old)],
    },
  },
  selectableFields: { "spec.signerName": ({ spec }) => spec.signerName },
  columns: [
    AGE,
    text("SignerName", ({ spec }) => spec.signerName || "<none>"),
    text("Requestor", ({ spec }) => spec.username ?? ""),
    text("RequestedDuration", ({ spec }) =>
      spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
    ),
    text("Condition", state),
  ],
});
