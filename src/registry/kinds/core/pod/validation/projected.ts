import {
  dnsSubdomain,
  forbidden,
  invalid,
  required,
  validateLabelSelector,
  type ClusterTrustBundleProjection,
  type DownwardAPIVolumeFile,
  type FieldError,
  type PodCertificateProjection,
  type ProjectedVolumeSource,
  type ServiceAccountTokenProjection,
  type VolumeProjection,
} from "#objects";
import { each, present, requiredOneOf } from "../../../common/checks.ts";
import { validateFieldRef, validateResourceFieldRef, VOLUME_FIELDS } from "./downward.ts";
import { validateFileMode, validateItems, validateNonReserved } from "./paths.ts";

/** Source: upstream validateProjectedVolumeSource. */
export function validateProjected({ defaultMode, sources }: ProjectedVolumeSource, path: string): FieldError[] {
  const taken = new Set<string>();
  /** Two sources must not make the same file. */
  const take = (file: string | undefined, shown: string): FieldError[] => {
    if (!file) return [];
    if (taken.has(file)) return [invalid(path, shown, "conflicting duplicate paths")];
    taken.add(file);
    return [];
  };
  return [
    ...validateFileMode(defaultMode, `${path}.defaultMode`),
    ...(sources ?? []).flatMap((source, i) => validateProjection(source, path, `${path}.sources[${i}]`, take)),
  ];
}

type Take = (file: string | undefined, shown: string) => FieldError[];

function validateProjection(source: VolumeProjection, volumePath: string, path: string, take: Take): FieldError[] {
  const errors: FieldError[] = [];
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  for (const [field, named] of [["secret", secret] as const, ["configMap", configMap] as const]) {
    if (!named) continue;
    errors.push(...present(`${path}.${field}.name`, named.name));
    errors.push(...validateItems(named.items, `${path}.${field}.items`));
    for (const item of named.items ?? []) errors.push(...take(item.path, named.name ?? ""));
  }
  for (const file of downwardAPI?.items ?? []) {
    errors.push(...validateDownwardFile(file, `${path}.downwardAPI`), ...take(file.path, file.path));
  }
  if (serviceAccountToken) {
    errors.push(...validateToken(serviceAccountToken, volumePath, `${path}.serviceAccountToken`));
  }
  if (clusterTrustBundle) {
    errors.push(...validateTrustBundle(clusterTrustBundle, `${path}.clusterTrustBundle`));
    errors.push(...take(clusterTrustBundle.path, clusterTrustBundle.path));
  }
  if (podCertificate) {
    errors.push(...validatePodCertificate(podCertificate, `${path}.podCertificate`));
    const { credentialBundlePath, keyPath, certificateChainPath } = podCertificate;
    for (const file of [credentialBundlePath, keyPath, certificateChainPath]) errors.push(...take(file, file ?? ""));
  }
  const kinds = [secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate];
  if (kinds.filter(Boolean).length > 1) {
    errors.push(forbidden(path, "may not specify more than 1 volume type per source"));
  }
  return errors;
}

/** Source: upstream validateDownwardAPIVolumeFile. */
export function validateDownwardFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const errors = [...present(`${path}.path`, file.path), ...validateNonReserved(file.path ?? "", `${path}.path`)];
  if (file.fieldRef) {
    errors.push(...validateFieldRef(file.fieldRef, VOLUME_FIELDS, `${path}.fieldRef`));
    if (file.resourceFieldRef) {
      errors.push(invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    }
  } else if (file.resourceFieldRef) {
    errors.push(...validateResourceFieldRef(file.resourceFieldRef, true, `${path}.resourceFieldRef`));
  } else {
    errors.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  }
  return [...errors, ...validateFileMode(file.mode, `${path}.mode`)];
}

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

function validateToken(
  { expirationSeconds: seconds = 0, path: file }: ServiceAccountTokenProjection,
  volumePath: string,
  path: string,
): FieldError[] {
  const at = `${path}.expirationSeconds`;
  return [
    ...(seconds < MIN_TOKEN_SECONDS ? [invalid(at, seconds, "may not specify a duration less than 10 minutes")] : []),
    ...(seconds > MAX_TOKEN_SECONDS
      ? [invalid(at, seconds, "may not specify a duration larger than 2^32 seconds")]
      : []),
    ...(file ? validateNonReserved(file, `${volumePath}.path`) : [required(`${volumePath}.path`)]),
  ];
}

function validateTrustBundle(bundle: ClusterTrustBundleProjection, path: string): FieldError[] {
  const { name, signerName, labelSelector, path: file } = bundle;
  const errors: FieldError[] = [];
  if (name !== undefined && signerName !== undefined) {
    errors.push(invalid(path, bundle, "only one of name and signerName may be used"));
  } else if (name !== undefined) {
    if (name === "") errors.push(required(`${path}.name`, "must be a valid object name"));
    const details = dnsSubdomain(name.slice(name.lastIndexOf(":") + 1));
    errors.push(
      ...each(
        `${path}.name`,
        name,
        details.map((detail) => `not a valid clustertrustbundlename: ${detail}`),
      ),
    );
    if (labelSelector) {
      errors.push(invalid(`${path}.labelSelector`, labelSelector, "labelSelector must be unset if name is specified"));
    }
  } else if (signerName !== undefined) {
    if (signerName === "") errors.push(required(`${path}.signerName`, "must be a valid signer name"));
    errors.push(...validateSignerName(signerName, `${path}.signerName`));
    errors.push(...validateLabelSelector(labelSelector, `${path}.labelSelector`));
  } else {
    errors.push(required(path, "either name or signerName must be specified"));
  }
  return [...errors, ...(file ? [] : [required(`${path}.path`)]), ...validateNonReserved(file ?? "", `${path}.path`)];
}

const KEY_TYPES = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
const MIN_CERTIFICATE_SECONDS = 3600;
const MAX_CERTIFICATE_SECONDS = 91 * 86400;

function validatePodCertificate(certificate: PodCertificateProjection, path: string): FieldError[] {
  const { signerName, keyType, maxExpirationSeconds: seconds, ...files } = certificate;
  const at = `${path}.maxExpirationSeconds`;
  const errors = [
    ...(signerName ? validateSignerName(signerName, `${path}.signerName`) : [required(`${path}.signerName`)]),
    ...requiredOneOf(`${path}.keyType`, keyType, KEY_TYPES),
  ];
  if (seconds !== undefined && seconds < MIN_CERTIFICATE_SECONDS) {
    errors.push(invalid(at, seconds, `if provided, maxExpirationSeconds must be >= ${MIN_CERTIFICATE_SECONDS}`));
  }
  if (seconds !== undefined && seconds > MAX_CERTIFICATE_SECONDS) {
    errors.push(invalid(at, seconds, `if provided, maxExpirationSeconds must be <= ${MAX_CERTIFICATE_SECONDS}`));
  }
  const paths = ["credentialBundlePath", "keyPath", "certificateChainPath"] as const;
  if (paths.every((field) => !files[field])) {
    errors.push(required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"));
  }
  return [...errors, ...paths.flatMap((field) => validateNonReserved(files[field] ?? "", `${path}.${field}`))];
}

/** `domain/path`: the domain a subdomain of at least two labels. Source: upstream ValidateSignerName. */
function validateSignerName(signer: string, path: string): FieldError[] {
  const slash = signer.indexOf("/");
  if (slash < 0 || signer.includes("/", slash + 1)) {
    return [invalid(path, signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  const domain = signer.slice(0, slash);
  const details = dnsSubdomain(domain).map((detail) => `validating domain: ${detail}`);
  if (!domain.includes(".")) details.push("should be a domain with at least two segments separated by dots");
  return each(path, signer, details);
}
