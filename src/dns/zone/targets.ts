import { formatIp, parseIp, type EndpointSlice, type Service } from "#objects";
import type { NameRequest, ServiceRequest } from "./name.ts";
import { isReady, type DnsView } from "./view.ts";

/** What a name leads to. */
export type Target = AddressTarget | { readonly type: "alias"; readonly name: string };

export interface AddressTarget {
  readonly type: "address";
  readonly family: 4 | 6;
  readonly address: string;
  /** Undefined when the endpoint has no ports. */
  readonly port: number | undefined;
  /** The name of this one thing, left of the cluster's domain: `1-2-3-4.web.default.svc`. */
  readonly owner: string;
}

type Endpoint = NonNullable<EndpointSlice["endpoints"]>[number];

/** What a name of the zone leads to; undefined when there is no such name, empty when it has none. */
export function targetsOf(request: NameRequest, view: DnsView): readonly Target[] | undefined {
  switch (request.type) {
    case "none":
      return undefined;
    case "empty":
      return [];
    case "namespace":
      return view.hasNamespace(request.namespace) ? [] : undefined;
    case "pod":
      return view.hasNamespace(request.namespace) ? podTargets(request) : undefined;
    case "service":
      return view.hasNamespace(request.namespace) ? serviceTargets(request, view) : undefined;
  }
}

/** `1-2-3-4` is 1.2.3.4, whether or not there is such a pod: CoreDNS' `pods insecure`, as kubeadm sets it up. */
function podTargets({ namespace, pod }: { namespace: string; pod: string }): Target[] | undefined {
  const isV4 = /^[^-]+-[^-]+-[^-]+-[^-]+$/.test(pod);
  const address = pod.replaceAll("-", isV4 ? "." : ":");
  const target = toAddress(address, undefined, `${pod}.${namespace}.pod`);
  return target && [target];
}

function serviceTargets(request: ServiceRequest, view: DnsView): readonly Target[] | undefined {
  const service = view.service(request.namespace, request.service);
  const spec = service?.spec;
  if (!service || !spec) return undefined;
  if (spec.type === "ExternalName") {
    const narrowed = request.endpoint ?? request.port ?? request.protocol;
    const { externalName = "" } = spec;
    return narrowed === undefined && externalName !== "" && !parseIp(externalName)
      ? [{ type: "alias", name: externalName.replace(/\.$/, "") }]
      : undefined;
  }
  if (isHeadless(service) || request.endpoint !== undefined) return endpointTargets(request, view);
  const ports = (spec.ports ?? []).filter(({ name, protocol }) => isWanted(request, name, protocol));
  const addresses = spec.clusterIPs ?? [];
  const owner = `${request.service}.${request.namespace}.svc`;
  const found = ports.flatMap(({ port }) => addresses.map((address) => toAddress(address, port, owner)));
  return ports.length === 0 ? undefined : found.filter((target) => target !== undefined);
}

/** Without an endpoint that matches there is no such name. */
function endpointTargets(request: ServiceRequest, view: DnsView): readonly Target[] | undefined {
  const found: Target[] = [];
  const suffix = `${request.service}.${request.namespace}.svc`;
  for (const slice of view.slices(request.namespace, request.service)) {
    const ports = slice.ports?.length ? slice.ports : [{}];
    const wanted = ports.filter(({ name, protocol }) => isWanted(request, name, protocol));
    if (wanted.length === 0) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (!isReady(endpoint)) continue;
      for (const address of endpoint.addresses) {
        const host = hostnameOf(endpoint, address);
        if (request.endpoint !== undefined && request.endpoint !== host) continue;
        for (const { port } of wanted) {
          const target = toAddress(address, port, `${host}.${suffix}`);
          if (target) found.push(target);
        }
      }
    }
  }
  return found.length === 0 ? undefined : found;
}

export const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === "None";

/** The label of an endpoint: its hostname, or its address with dashes. */
export function hostnameOf({ hostname }: Endpoint, address: string): string {
  if (hostname) return hostname;
  if (!address.includes(":")) return address.replaceAll(".", "-");
  const dashed = address.replaceAll(":", "-");
  return dashed.endsWith("-") ? `${dashed}0` : dashed;
}

function toAddress(address: string, port: number | undefined, owner: string): AddressTarget | undefined {
  const parsed = parseIp(address);
  return parsed && { type: "address", family: parsed.family, address: formatIp(parsed), port, owner };
}

const isWanted = (request: ServiceRequest, name = "", protocol = "TCP"): boolean =>
  (!request.port || request.port === name.toLowerCase()) &&
  (!request.protocol || request.protocol === protocol.toLowerCase());
