import { createLog, createRandom, createScope, systemClock, type Clock, type Random, type Scope } from "#base";
import { createCaches, type SharedCaches } from "#client";
import { ENDPOINT_SLICES, NAMESPACES, SERVICES, type EndpointSlice, type Service } from "#objects";
import { createFakeClient, type FakeClient } from "#simulation";

/** Services on a fake API: for tests. */
export interface TestCluster extends AsyncDisposable {
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
  readonly client: FakeClient;
  readonly caches: SharedCaches;
  /** What was logged at `error`: a test expects nothing there. */
  readonly errors: readonly string[];
  readonly log: ReturnType<typeof createLog>;
  service(name: string, spec: Service["spec"]): Promise<void>;
  slice(service: string, slice: SliceParts): Promise<void>;
}

export interface SliceParts {
  readonly name?: string;
  readonly addressType?: "IPv4" | "IPv6";
  readonly ports?: EndpointSlice["ports"];
  readonly endpoints: EndpointSlice["endpoints"];
}

export async function createTestCluster(namespaces: readonly string[] = ["default"]): Promise<TestCluster> {
  const clock = systemClock;
  const random = createRandom(1);
  const scope = createScope("test");
  const client = createFakeClient({ clock, random });
  const errors: string[] = [];
  const log = createLog((level, message, fields) => {
    if (level === "error") errors.push(`${message} ${JSON.stringify(fields)}`);
  });
  const caches = createCaches({ client, scope, clock, random, log });
  for (const name of namespaces) {
    await client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  return {
    clock,
    random,
    scope,
    client,
    caches,
    errors,
    log,
    async service(name, spec) {
      const metadata = { namespace: "default", name };
      await client.create(SERVICES, { apiVersion: "v1", kind: "Service", metadata, ...(spec ? { spec } : {}) });
    },
    async slice(service, { name = `${service}-1`, addressType = "IPv4", ...parts }) {
      await client.create(ENDPOINT_SLICES, {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { namespace: "default", name, labels: { "kubernetes.io/service-name": service } },
        addressType,
        ...parts,
      });
    },
    [Symbol.asyncDispose]: () => scope.close(),
  };
}

const HTTP = [{ name: "http", port: 80, protocol: "TCP" }];

/** One of each kind of Service, in the namespace `default`. */
export async function fillTestCluster(cluster: TestCluster): Promise<void> {
  const web = [
    { name: "http", port: 80, protocol: "TCP" },
    { name: "dns", port: 53, protocol: "UDP" },
  ];
  const headless = { type: "ClusterIP", clusterIP: "None", clusterIPs: ["None"], ports: HTTP };
  await cluster.service("web", { type: "ClusterIP", clusterIP: "10.96.0.5", clusterIPs: ["10.96.0.5"], ports: web });
  await cluster.service("dual", {
    type: "ClusterIP",
    clusterIP: "10.96.0.6",
    clusterIPs: ["10.96.0.6", "fd00::6"],
    ports: HTTP,
  });
  await cluster.service("db", headless);
  await cluster.service("portless", { ...headless, ports: [] });
  await cluster.service("lonely", headless);
  await cluster.service("outside", { type: "ExternalName", externalName: "www.example.org" });
  await cluster.service("inside", { type: "ExternalName", externalName: "web.default.svc.cluster.local" });
  await cluster.service("nowhere", { type: "ExternalName", externalName: "gone.default.svc.cluster.local" });
  await cluster.service("far", { type: "ExternalName", externalName: "outside.default.svc.cluster.local" });
  await cluster.service("circle", { type: "ExternalName", externalName: "circle.default.svc.cluster.local" });
  await cluster.slice("web", { ports: HTTP, endpoints: [{ addresses: ["10.244.0.9"] }] });
  await cluster.slice("db", {
    ports: HTTP,
    endpoints: [
      { addresses: ["10.244.0.2"], hostname: "db-0", conditions: { ready: true } },
      { addresses: ["10.244.0.3"], hostname: "db-1", conditions: { ready: true } },
      { addresses: ["10.244.0.4"], hostname: "db-2", conditions: { ready: false } },
      { addresses: ["10.244.0.5"] },
    ],
  });
  await cluster.slice("db", {
    name: "db-6",
    addressType: "IPv6",
    ports: HTTP,
    endpoints: [{ addresses: ["fd00:1::"] }],
  });
  await cluster.slice("portless", { endpoints: [{ addresses: ["10.244.0.7"] }] });
}
