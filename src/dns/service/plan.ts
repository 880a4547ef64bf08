import { equalJson, parseIp, type Endpoints, type EndpointSlice, type KubeObject, type Service } from "#objects";
import { DNS_SERVICE } from "./names.ts";

/** Where pods are to find the DNS, and where it is. */
export interface DnsPlace {
  /** The tenth address of the Service network: 10.96.0.10. */
  readonly clusterIps: readonly string[];
  /** Where the server listens; not on a loopback, which no endpoint may name. */
  readonly address: string;
  readonly port: number;
}

export interface DnsObjects {
  readonly service: Service | undefined;
  readonly slice: EndpointSlice | undefined;
  readonly endpoints: Endpoints | undefined;
}

/** What is to be done about one object. */
export type Write<T> = { readonly do: "nothing" } | { readonly do: "create" | "update" | "delete"; readonly object: T };

export interface DnsWrites {
  readonly service: Write<Service>;
  readonly slice: Write<EndpointSlice>;
  readonly endpoints: Write<Endpoints>;
}

const PORTS = [
  { name: "dns", protocol: "UDP" },
  { name: "dns-tcp", protocol: "TCP" },
] as const;

/**
 * What is to be done so that the Service leads to the server. A Service that has a selector belongs to a user who runs
 * a DNS in pods: it is left alone, and our EndpointSlice of it is removed.
 */
export function planDnsService({ service, slice, endpoints }: DnsObjects, place: DnsPlace): DnsWrites {
  if (Object.keys(service?.spec?.selector ?? {}).length > 0) {
    return { service: NOTHING, slice: gone(slice), endpoints: gone(endpoints) };
  }
  const wanted = wantedSlice(place);
  // The type of addresses cannot be changed: what is gone is made anew.
  const replaced = slice && slice.addressType !== wanted.addressType;
  return {
    service: service ? NOTHING : { do: "create", object: wantedService(place) },
    slice: replaced ? gone(slice) : saying(slice, wanted),
    endpoints: saying(endpoints, wantedEndpoints(place)),
  };
}

const NOTHING = { do: "nothing" } as const;

const gone = <T>(object: T | undefined): Write<T> => (object ? { do: "delete", object } : NOTHING);

/** Of an object that is ours altogether: what it says, whatever was added around it. */
function saying<T extends KubeObject>(found: T | undefined, wanted: T): Write<T> {
  if (!found) return { do: "create", object: wanted };
  const labels = { ...found.metadata.labels, ...wanted.metadata.labels };
  const object: T = { ...found, ...wanted, metadata: { ...found.metadata, labels } };
  return equalJson(object, found) ? NOTHING : { do: "update", object };
}

const wantedService = ({ clusterIps, port }: DnsPlace): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    ...DNS_SERVICE,
    labels: {
      "k8s-app": "kube-dns",
      "kubernetes.io/cluster-service": "true",
      "kubernetes.io/name": "CoreDNS",
    },
  },
  spec: {
    type: "ClusterIP",
    ...(clusterIps[0] === undefined ? {} : { clusterIP: clusterIps[0] }),
    clusterIPs: clusterIps,
    ports: PORTS.map((entry) => ({ ...entry, port: 53, targetPort: port })),
  },
});

const wantedSlice = ({ address, port }: DnsPlace): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { ...DNS_SERVICE, labels: { "kubernetes.io/service-name": DNS_SERVICE.name } },
  addressType: parseIp(address)?.family === 6 ? "IPv6" : "IPv4",
  endpoints: [{ addresses: [address], conditions: { ready: true } }],
  ports: PORTS.map((entry) => ({ ...entry, port })),
});

/** For clients that still read Endpoints; not to be made into a second slice. */
const wantedEndpoints = ({ address, port }: DnsPlace): Endpoints => ({
  apiVersion: "v1",
  kind: "Endpoints",
  metadata: { ...DNS_SERVICE, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
  subsets: [{ addresses: [{ ip: address }], ports: PORTS.map((entry) => ({ ...entry, port })) }],
});
