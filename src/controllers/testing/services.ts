import type { Node, Pod, Service, ServicePort } from "#objects";

/** Makers of what Services are about: for tests. */

export const PORT: ServicePort = { name: "http", port: 80, protocol: "TCP", targetPort: 8080 };

export interface ServiceParts {
  readonly spec?: Partial<NonNullable<Service["spec"]>>;
  readonly metadata?: Partial<Service["metadata"]>;
}

/** `default/web`, selecting `app=web`. */
export const service = ({ spec, metadata }: ServiceParts = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: "web",
    namespace: "default",
    uid: "service-1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...metadata,
  },
  spec: {
    type: "ClusterIP",
    clusterIP: "10.96.0.10",
    ipFamilies: ["IPv4"],
    selector: { app: "web" },
    ports: [PORT],
    ...spec,
  },
});

export interface PodParts {
  readonly ips?: readonly string[];
  readonly ready?: boolean;
  readonly deleting?: boolean;
  readonly phase?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Partial<NonNullable<Pod["spec"]>>;
}

/** A running pod on node n1, ready unless said otherwise. */
export const pod = (name: string, ip: string, parts: PodParts = {}): Pod => {
  const {
    ips = ip === "" ? [] : [ip],
    ready = true,
    deleting = false,
    phase = "Running",
    labels = { app: "web" },
  } = parts;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      labels,
      ...(deleting ? { deletionTimestamp: "2026-01-01T00:01:00Z" } : {}),
    },
    spec: { containers: [{ name: "c" }], nodeName: "n1", ...parts.spec },
    status: {
      phase,
      ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((one) => ({ ip: one })) }),
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: "2026-01-01T00:00:30Z" }],
    },
  };
};

export const node = (name: string, zone?: string): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: zone === undefined ? {} : { "topology.kubernetes.io/zone": zone } },
  status: { addresses: [{ type: "InternalIP", address: `172.18.0.${name.slice(1)}` }] },
});
