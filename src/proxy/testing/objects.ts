import type { Endpoint, EndpointSlice, Pod, Service, ServiceSpec } from "#objects";
import type { ProxyContext } from "../rules/context.ts";

/** A node of tests: pods 10.244.0.0/24 of 10.244.0.0/16, Services 10.96.0.0/12, itself 192.168.7.1. */
export const NODE: ProxyContext = {
  family: "ip",
  nodeName: "n1",
  nodeAddresses: ["192.168.7.1"],
  podCidrs: ["10.244.0.0/24"],
  clusterCidrs: ["10.244.0.0/16"],
  serviceCidrs: ["10.96.0.0/12"],
  bridge: "knarr0",
  loopback: true,
  nodePortAddresses: [],
  confined: false,
  masqueradeBit: 14,
  moveUdpFlows: true,
  table: "knarr",
};

/** A Service in the namespace default, with port 80 unless told. */
export const service = (name: string, spec: Partial<ServiceSpec>, status: Service["status"] = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default" },
  spec: { type: "ClusterIP", ports: [{ port: 80, protocol: "TCP" }], ...spec },
  status,
});

/** A slice of a Service, with port 8080 unless told. */
export const slice = (
  of: string,
  endpoints: readonly Endpoint[],
  more: Partial<EndpointSlice> = {},
): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: `${of}-1`, namespace: "default", labels: { "kubernetes.io/service-name": of } },
  addressType: "IPv4",
  ports: [{ name: "", port: 8080, protocol: "TCP" }],
  endpoints,
  ...more,
});

/** An endpoint on the node n1; ready unless told. */
export const endpoint = (
  ip: string,
  conditions: Endpoint["conditions"] = {},
  more: Partial<Endpoint> = {},
): Endpoint => ({
  addresses: [ip],
  nodeName: "n1",
  conditions: { ready: true, serving: true, terminating: false, ...conditions },
  ...more,
});

export const DRAINING = { ready: false, serving: true, terminating: true } as const;

/** A running pod with an address and one container with these ports. */
export const pod = (
  name: string,
  ip: string,
  ports: NonNullable<NonNullable<Pod["spec"]>["containers"][number]["ports"]>,
): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", uid: `uid-of-${name}` },
  spec: { nodeName: "n1", containers: [{ name: "main", image: "x", ports }] },
  status: { phase: "Running", podIP: ip, podIPs: [{ ip }] },
});
