import type { Pod } from "#objects";

export interface HostName {
  readonly name: string;
  /** `sub.namespace.svc.cluster.local`; empty without a subdomain. */
  readonly domain: string;
}

/** A name longer than this does not fit the kernel's. */
const MAX_NAME = 63;
const MAX_FQDN = 64;

/** What a pod is called in its own network (upstream GeneratePodHostNameAndDomain). */
export function hostNameOf({ metadata, spec }: Pod, clusterDomain: string): HostName {
  if (spec?.hostnameOverride !== undefined) return { name: truncated(spec.hostnameOverride), domain: "" };
  const name = truncated(spec?.hostname || (metadata.name ?? ""));
  const domain = spec?.subdomain ? `${spec.subdomain}.${metadata.namespace}.svc.${clusterDomain}` : "";
  return { name, domain };
}

const truncated = (name: string): string =>
  name.length <= MAX_NAME ? name : name.slice(0, MAX_NAME).replace(/[-.]+$/, "");

/** The hostname set in the kernel (upstream GetNodenameForKernel). Throws an Error for a name that does not fit. */
export function kernelName({ name, domain }: HostName, pod: Pod): string {
  if (!domain || !pod.spec?.setHostnameAsFQDN) return name;
  const full = `${name}.${domain}`;
  if (full.length <= MAX_FQDN) return full;
  throw new Error(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${MAX_FQDN} characters is the max, ${full.length} characters requested)`,
  );
}
