import { dnsSubdomain, invalid, pathSegmentName, type FieldError, type V1beta1ClusterTrustBundle } from "#objects";
import { each, unchanged } from "../common/checks.ts";
import { text } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { signerNameErrors } from "./signer.ts";

type Bundle = V1beta1ClusterTrustBundle;

const BLOCK = /-----BEGIN ([^-]+)-----[\s\S]*?-----END \1-----/g;

/** A bundle of a signer carries its name in front: `example.com:signer:bundle`. */
function nameProblems(name: string, signer: string | undefined): readonly string[] {
  if (!signer) {
    return name.includes(":")
      ? ['ClusterTrustBundle without signer name must not have ":" in its name']
      : dnsSubdomain(name);
  }
  const prefix = `${signer.replaceAll("/", ":")}:`;
  return name.startsWith(prefix)
    ? dnsSubdomain(name.slice(prefix.length))
    : [`ClusterTrustBundle for signerName ${signer} must be named with prefix ${prefix}`];
}

function trustErrors(bundle: string): FieldError[] {
  const wrong = (detail: string) => [invalid("spec.trustBundle", "<value omitted>", detail)];
  const types = [...bundle.matchAll(BLOCK)].map(([, type]) => type);
  if (types.length === 0) return wrong("at least one trust anchor must be provided");
  const other = types.findIndex((type) => type !== "CERTIFICATE");
  return other < 0 ? [] : wrong(`entry ${other} has bad block type: ${types[other]}`);
}

function validate({ metadata, spec }: Bundle): FieldError[] {
  return [
    ...each("metadata.name", metadata.name, nameProblems(metadata.name ?? "", spec?.signerName)),
    ...(spec?.signerName ? signerNameErrors("spec.signerName", spec.signerName) : []),
    ...trustErrors(spec?.trustBundle ?? ""),
  ];
}

export const clusterTrustBundles = define<Bundle>({
  group: "certificates.k8s.io",
  resource: "clustertrustbundles",
  singular: "clustertrustbundle",
  kind: "ClusterTrustBundle",
  namespaced: false,
  storageVersion: "v1beta1",
  versions: [
    served("certificates", "v1beta1", "ClusterTrustBundle"),
    served("certificates", "v1alpha1", "ClusterTrustBundle"),
  ],
  requiresResourceVersionOnUpdate: true,
  nameErrors: pathSegmentName,
  validate,
  validateUpdate: ({ spec }, old) => unchanged("spec.signerName", spec?.signerName, old.spec?.signerName),
  selectableFields: { "spec.signerName": ({ spec }) => spec?.signerName ?? "" },
  columns: [text("SignerName", ({ spec }) => spec.signerName || "<none>")],
});
