import assert from "node:assert/strict";
import { test } from "node:test";
import { ENDPOINT_SLICES, ENDPOINTS, SERVICES, type New, type Service } from "#objects";
import { transcripts } from "../testing/transcript.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { kubernetesServiceController } from "./controller.ts";
import { planKubernetesService } from "./plan.ts";

const KEY = { namespace: "default", name: "kubernetes" };
const service: New<Service> = {
  metadata: KEY,
  spec: { clusterIP: "10.96.0.1", ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 6443 }] },
};
const world = (advertise = { ip: "192.0.2.1", port: 6443 }, prepare?: Parameters<typeof createTestWorld>[1]) =>
  createTestWorld([kubernetesServiceController({ service, advertise })], prepare);

function assertLeads(w: TestWorld, ip = "192.0.2.1", port = 6443) {
  assert.equal(w.client.all(SERVICES)[0]?.spec?.clusterIP, "10.96.0.1");
  const [endpoints] = w.client.all(ENDPOINTS);
  assert.deepEqual(endpoints?.subsets, [{ addresses: [{ ip }], ports: [{ name: "https", port, protocol: "TCP" }] }]);
  assert.equal(endpoints?.metadata.labels?.["endpointslice.kubernetes.io/skip-mirror"], "true");
  const [slice] = w.client.all(ENDPOINT_SLICES);
  assert.equal(slice?.metadata.name, "kubernetes");
  assert.deepEqual(slice?.metadata.labels, { "kubernetes.io/service-name": "kubernetes" });
  assert.equal(slice?.addressType, ip.includes(":") ? "IPv6" : "IPv4");
  assert.deepEqual(slice?.endpoints, [{ addresses: [ip], conditions: { ready: true } }]);
  assert.deepEqual(slice?.ports, [{ name: "https", port, protocol: "TCP" }]);
}

test("the Service leads to the API server, whatever clients delete or change", async () => {
  await using w = await world();
  await w.settle();
  assertLeads(w);
  const settled = w.client.writes.length;
  await w.settle(60_000);
  assert.equal(w.client.writes.length, settled, "nothing is written that is right");
  for (const type of [SERVICES, ENDPOINTS, ENDPOINT_SLICES]) {
    w.client.remove(type, KEY);
    await w.settle();
    assertLeads(w);
  }
  w.client.edit(ENDPOINTS, KEY, (draft) => Object.assign(draft, { subsets: [] }));
  w.client.edit(ENDPOINT_SLICES, KEY, (draft) => Object.assign(draft, { ports: [] }));
  await w.settle();
  assertLeads(w);
});

test("an address or a port that changed with a restart is followed", async () => {
  const first = await world();
  await first.settle();
  const [endpoints, slice] = [first.client.all(ENDPOINTS)[0]!, first.client.all(ENDPOINT_SLICES)[0]!];
  await first[Symbol.asyncDispose]();
  for (const [ip, port] of [
    ["192.0.2.2", 7443],
    ["2001:db8::1", 6443],
  ] as const) {
    await using w = await world({ ip, port }, async (client) => {
      await client.create(SERVICES, service);
      await client.create(ENDPOINTS, { ...endpoints, metadata: { ...KEY, labels: endpoints.metadata.labels! } });
      await client.create(ENDPOINT_SLICES, { ...slice, metadata: { ...KEY, labels: slice.metadata.labels! } });
    });
    await w.settle();
    assertLeads(w, ip, port);
  }
});

test("without an address only the Service is kept", async () => {
  await using w = await createTestWorld([kubernetesServiceController({ service, advertise: undefined })]);
  await w.settle();
  assert.deepEqual(w.client.writes, ["create services default/kubernetes"]);
});

const example = transcripts({ plan: planKubernetesService, tell: ({ type }) => type });

example(
  "a new cluster gets the Service, and where it leads to",
  { service: undefined, endpoints: undefined, slice: undefined, advertised: { ip: "192.0.2.1", port: 6443 } },
  `
  1. create service
  2. create endpoints
  3. create slice
  because the API server is at 192.0.2.1, port 6443
`,
);

example(
  "an API server without an address that pods could come to has the Service only",
  { service: undefined, endpoints: undefined, slice: undefined, advertised: undefined },
  `
  1. create service
  because the API server has no address to lead to
`,
);
