import { formatIp, isPodTerminal, isSidecar, parseIp, type Pod, type Service, type ServicePort } from "#objects";

/** Whether the pod may be an endpoint: it has an address and has not ended (upstream ShouldPodBeInEndpoints). */
export function isInEndpoints(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod)) return false;
  if (!pod.status?.podIP && !pod.status?.podIPs?.length) return false;
  return includeTerminating || pod.metadata.deletionTimestamp === undefined;
}

/** The pod's addresses of one family in canonical form. */
export function addressesOf(pod: Pod, family: 4 | 6): string[] {
  const found: string[] = [];
  for (const { ip } of pod.status?.podIPs ?? []) {
    const address = parseIp(ip);
    if (address?.family === family) found.push(formatIp(address));
  }
  return found;
}

/** The host name that the pod has within the Service's domain, if it asks for one there. */
export function hostnameWithin(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname && subdomain === service.metadata.name ? hostname : undefined;
}

/** Whether the Service has an address of its own. */
export const hasClusterIp = ({ spec }: Service): boolean => Boolean(spec?.clusterIP) && spec?.clusterIP !== "None";

/** Whether the Service has its endpoints chosen; those of one that has not, an empty selector included, are hand-made. */
export const hasSelector = ({ spec }: Service): boolean => {
  for (const _ in spec?.selector) return true;
  return false;
};

/**
 * The number of the pod's port that a Service's port leads to; undefined when its name names none of them
 * (upstream FindPort).
 */
export function findPort({ spec }: Pod, { targetPort, port, protocol = "TCP" }: ServicePort): number | undefined {
  if (typeof targetPort !== "string") return targetPort ?? port;
  for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(isSidecar)]) {
    for (const { name, containerPort, protocol: offered = "TCP" } of container.ports ?? []) {
      if (name === targetPort && offered === protocol) return containerPort;
    }
  }
  return undefined;
}
