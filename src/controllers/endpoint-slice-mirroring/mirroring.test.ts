import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  SERVICES,
  type Endpoints,
  type EndpointSubset,
  type New,
  type Service,
} from "#objects";
import { PORT, service } from "../testing/services.ts";
import { transcripts } from "../testing/transcript.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { endpointSliceMirroringController } from "./controller.ts";
import { planMirror, type MirrorStep } from "./plan.ts";

const KEY = { namespace: "default", name: "web" };
const http = { name: "http", port: 8080, protocol: "TCP" };
const { selector: _, ...unselecting } = service().spec!;
const handMade: New<Service> = { ...service(), spec: { ...unselecting, ports: [PORT] } };

const world = async () => {
  const w = await createTestWorld([endpointSliceMirroringController()]);
  await w.client.create(SERVICES, handMade);
  return w;
};
const put = async (w: TestWorld, subsets: readonly EndpointSubset[], metadata: object = {}) => {
  const object = { metadata: { ...KEY, ...metadata }, subsets };
  await w.client.create(ENDPOINTS, object);
  await w.settle();
};
const edit = async (w: TestWorld, fields: object) => {
  w.client.edit(ENDPOINTS, KEY, (draft) => Object.assign(draft, fields));
  await w.settle();
};
const shown = (w: TestWorld) =>
  w.client
    .all(ENDPOINT_SLICES)
    .map(({ addressType, ports = [], endpoints = [] }) =>
      [
        addressType,
        ports.map(({ port }) => port).join(),
        endpoints.map(({ addresses, conditions }) => `${addresses.join()}${conditions?.ready ? "" : "!"}`).join(" "),
      ].join(" "),
    )
    .sort();

test("hand-made Endpoints are mirrored, one slice for each subset and family, and followed", async () => {
  await using w = await world();
  await put(
    w,
    [
      { addresses: [{ ip: "10.1.0.1" }, { ip: "fd00::1" }], notReadyAddresses: [{ ip: "10.1.0.2" }], ports: [http] },
      { addresses: [{ ip: "10.1.0.3", hostname: "x", nodeName: "n1" }], ports: [{ port: 9 }] },
    ],
    { labels: { a: "b" }, annotations: { c: "d", "kubectl.kubernetes.io/last-applied-configuration": "{}" } },
  );
  assert.deepEqual(shown(w), ["IPv4 8080 10.1.0.1 10.1.0.2!", "IPv4 9 10.1.0.3", "IPv6 8080 fd00::1"]);
  const [slice] = w.client.all(ENDPOINT_SLICES);
  assert.deepEqual(slice?.metadata.labels, {
    a: "b",
    "kubernetes.io/service-name": "web",
    "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
  });
  assert.deepEqual(slice?.metadata.annotations, { c: "d" });
  assert.deepEqual(
    slice?.metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`),
    ["Endpoints web"],
  );

  const before = w.client.writes.length;
  await edit(w, { subsets: [{ addresses: [{ ip: "10.1.0.4" }], ports: [http] }] });
  assert.deepEqual(shown(w), ["IPv4 8080 10.1.0.4"]);
  assert.equal(w.client.writes.length - before, 3, "one update, two deletions");
  await edit(w, { subsets: [{ addresses: [{ ip: "10.1.0.4" }], ports: [{ port: 7 }] }] });
  assert.deepEqual(shown(w), ["IPv4 7 10.1.0.4"]);
  w.client.remove(ENDPOINTS, KEY);
  await w.settle();
  assert.deepEqual(shown(w), []);
});

test("nothing is mirrored that says so, that leaders are elected by, or whose Service chooses or is not there", async () => {
  const subsets = [{ addresses: [{ ip: "10.1.0.1" }], ports: [http] }];
  for (const metadata of [
    { labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    { annotations: { "control-plane.alpha.kubernetes.io/leader": "{}" } },
    { name: "other" },
  ]) {
    await using w = await world();
    await put(w, subsets, metadata);
    assert.deepEqual(shown(w), []);
  }
  await using w = await world();
  await put(w, subsets);
  assert.equal(shown(w).length, 1);
  w.client.edit(SERVICES, KEY, (draft) =>
    Object.assign((draft as { spec?: object }).spec!, { selector: { app: "web" } }),
  );
  await w.settle();
  assert.deepEqual(shown(w), []);
  w.client.edit(SERVICES, KEY, (draft) => Object.assign((draft as { spec?: object }).spec!, { selector: {} }));
  await w.settle();
  assert.equal(shown(w).length, 1);
  await edit(w, {
    metadata: {
      ...w.client.all(ENDPOINTS)[0]!.metadata,
      labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
    },
  });
  assert.deepEqual(shown(w), []);
});

test("what cannot be mirrored is told", async () => {
  await using w = await world();
  const many = Array.from({ length: 1001 }, (_, i) => ({ ip: `10.2.${i >> 8}.${i & 255}` }));
  await put(w, [{ addresses: [{ ip: "0.nonsense" }, ...many], ports: [http] }]);
  assert.equal(w.client.all(ENDPOINT_SLICES)[0]?.endpoints?.length, 1000);
  assert.deepEqual(w.events().toSorted(), [
    "Warning InvalidIPAddress Skipped 1 invalid IP addresses when mirroring to EndpointSlices",
    "Warning TooManyAddressesToMirror A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 2 addresses were skipped",
  ]);
});

test("a slice that another client changes or removes is restored", async () => {
  await using w = await world();
  await put(w, [{ addresses: [{ ip: "10.1.0.1" }], ports: [http] }]);
  const { namespace = "", name = "" } = w.client.all(ENDPOINT_SLICES)[0]!.metadata;
  w.client.edit(ENDPOINT_SLICES, { namespace, name }, (draft) => Object.assign(draft, { endpoints: [] }));
  await w.settle();
  assert.deepEqual(shown(w), ["IPv4 8080 10.1.0.1"]);
  w.client.remove(ENDPOINT_SLICES, { namespace, name });
  await w.settle();
  assert.deepEqual(shown(w), ["IPv4 8080 10.1.0.1"]);
});

const example = transcripts({
  plan: planMirror,
  tell: (step: MirrorStep) =>
    step.type === "warn"
      ? `warn: ${step.message}`
      : `${step.type} a slice of ${(step.slice.endpoints ?? []).map(({ addresses }) => addresses.join()).join(", ")}`,
});
const endpointsOf = (...ips: string[]): Endpoints => ({
  apiVersion: "v1",
  kind: "Endpoints",
  metadata: KEY,
  subsets: [{ addresses: ips.map((ip) => ({ ip })), ports: [http] }],
});

example(
  "what is not an IP address is left out, with a warning",
  { endpoints: endpointsOf("10.1.0.1", "nonsense"), service: { ...service(), spec: unselecting }, slices: [] },
  `
  1. warn: Skipped 1 invalid IP addresses when mirroring to EndpointSlices
  2. create a slice of 10.1.0.1
  because the Endpoints are mirrored by 1 slices
`,
);

example(
  "a Service that has a selector has its Endpoints left alone",
  { endpoints: endpointsOf("10.1.0.1"), service: service(), slices: [] },
  `
  do nothing
  because the Service has a selector
`,
);
