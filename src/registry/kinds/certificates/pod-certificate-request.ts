import {
  dnsSubdomain,
  invalid,
  required,
  sameJson,
  type FieldError,
  type V1beta1PodCertificateRequest,
} from "#objects";
import { present } from "../common/checks.ts";
import { text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { lifetimeErrors, signerNameErrors } from "./signer.ts";

type Request = V1beta1PodCertificateRequest;

const NAMES = ["podName", "serviceAccountName", "nodeName"] as const;
const UIDS = ["podUID", "serviceAccountUID", "nodeUID"] as const;
const MIN_SECONDS = 3600;
const MAX_SECONDS = 91 * 86_400;
const STATES = ["Issued", "Denied", "Failed"];

function validate({ spec }: Request): FieldError[] {
  const seconds = spec?.maxExpirationSeconds;
  const field = "spec.maxExpirationSeconds";
  return [
    ...signerNameErrors("spec.signerName", spec?.signerName),
    ...NAMES.flatMap((name) => present(`spec.${name}`, spec?.[name], dnsSubdomain)),
    ...UIDS.flatMap((uid) => present(`spec.${uid}`, spec?.[uid])),
    ...(seconds === undefined ? [required(field, "must be set")] : []),
    ...lifetimeErrors(field, seconds, MIN_SECONDS, `must be in the range [${MIN_SECONDS}, ${MAX_SECONDS}]`),
    ...(seconds !== undefined && seconds > MAX_SECONDS
      ? [invalid(field, seconds, `must be in the range [${MIN_SECONDS}, ${MAX_SECONDS}]`)]
      : []),
  ];
}

const state = ({ status }: Request): string =>
  status?.conditions?.find(({ type }) => STATES.includes(type))?.type ?? "Pending";

export const podCertificateRequests = define<Request>({
  group: "certificates.k8s.io",
  resource: "podcertificaterequests",
  singular: "podcertificaterequest",
  kind: "PodCertificateRequest",
  namespaced: true,
  storageVersion: "v1beta1",
  versions: [served("certificates", "v1beta1", "PodCertificateRequest")],
  requiresResourceVersionOnUpdate: true,
  hasStatus: true,
  applyDefaults(draft) {
    if (draft.spec) draft.spec.maxExpirationSeconds ??= 86_400;
    draft.status ??= {};
  },
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate,
  validateUpdate: ({ spec }, old) => (sameJson(spec, old.spec) ? [] : [invalid("spec", spec, "field is immutable")]),
  selectableFields: {
    "spec.signerName": ({ spec }) => spec.signerName,
    "spec.podName": ({ spec }) => spec.podName,
    "spec.nodeName": ({ spec }) => spec.nodeName,
  },
  columns: [
    text("PodName", ({ spec }) => spec.podName),
    text("ServiceAccountName", ({ spec }) => spec.serviceAccountName),
    text("NodeName", ({ spec }) => spec.nodeName),
    text("SignerName", ({ spec }) => spec.signerName),
    text("State", state),
    text("UnverifiedUserAnnotations", ({ spec }) =>
      Object.entries(spec.unverifiedUserAnnotations ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    ),
  ],
});
