import {
  compileLabelSelector,
  goQuote,
  type ClusterTrustBundleProjection,
  type V1beta1ClusterTrustBundle as ClusterTrustBundle,
} from "#objects";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * The certificates of the bundles that a projection selects, each once, as PEM (upstream pkg/kubelet/clustertrustbundle).
 * Their order says nothing. Throws an Error with upstream's text when none is selected though one has to be.
 */
export function trustAnchors(projection: ClusterTrustBundleProjection, bundles: readonly ClusterTrustBundle[]): string {
  const selected = select(projection, bundles);
  const certificates = selected.flatMap(({ spec }) => spec.trustBundle.match(CERTIFICATE) ?? []);
  return [...new Set(certificates.map(normal))].toSorted((a, b) => (a < b ? -1 : 1)).join("");
}

function select(
  { name, signerName, labelSelector, optional = false }: ClusterTrustBundleProjection,
  bundles: readonly ClusterTrustBundle[],
): readonly ClusterTrustBundle[] {
  if (name !== undefined) {
    const found = bundles.filter(({ metadata }) => metadata.name === name);
    if (found.length > 0 || optional) return found;
    throw new Error(
      `while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io ${goQuote(name)} not found`,
    );
  }
  if (signerName === undefined) {
    throw new Error("ClusterTrustBundle projection requires either name or signerName to be set");
  }
  // Without a selector nothing is meant, with an empty one everything.
  const matcher = compileLabelSelector(labelSelector);
  const found = bundles.filter(
    ({ spec, metadata }) => spec.signerName === signerName && matcher.matches(metadata.labels ?? {}),
  );
  if (found.length > 0 || optional) return found;
  throw new Error("combination of signerName and labelSelector matched zero ClusterTrustBundles");
}

/** The same certificate in the same form, whatever its lines were. */
function normal(pem: string): string {
  const base64 = pem.replaceAll(/-----[^-]+-----|\s/g, "");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
