import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EndpointAddress, Endpoints, EndpointSubset } from "#objects";
import { pod, PORT, service } from "../testing/services.ts";
import { transcripts } from "../testing/transcript.ts";
import { planEndpoints, type EndpointsStep, type EndpointsView } from "./plan.ts";
import { repackSubsets, truncateSubsets } from "./subsets.ts";

const address = (ip: string, uid?: string): EndpointAddress =>
  uid === undefined ? { ip } : { ip, targetRef: { kind: "Pod", uid } };
const http = { name: "http", port: 80, protocol: "TCP" };
const admin = { name: "admin", port: 81, protocol: "TCP" };

for (const [what, subsets, expected] of [
  [
    "ports with the same addresses share a subset",
    [
      { addresses: [address("10.0.0.2"), address("10.0.0.1")], ports: [http] },
      { addresses: [address("10.0.0.1"), address("10.0.0.2")], ports: [admin] },
    ],
    [{ addresses: [address("10.0.0.1"), address("10.0.0.2")], ports: [admin, http] }],
  ],
  [
    "not ready wins over ready",
    [{ addresses: [address("10.0.0.1")], notReadyAddresses: [address("10.0.0.1")], ports: [http] }],
    [{ notReadyAddresses: [address("10.0.0.1")], ports: [http] }],
  ],
  [
    "pods of one node's network keep apart",
    [{ addresses: [address("10.0.0.1", "b"), address("10.0.0.1", "a")], ports: [http] }],
    [{ addresses: [address("10.0.0.1", "a"), address("10.0.0.1", "b")], ports: [http] }],
  ],
  ["there may be no ports", [{ addresses: [address("10.0.0.1")] }], [{ addresses: [address("10.0.0.1")] }]],
] as const) {
  test(`subsets are repacked as upstream does it: ${what}`, () => assert.deepEqual(repackSubsets(subsets), expected));
}

const someAddresses = fc.array(
  fc
    .tuple(fc.nat({ max: 9 }), fc.option(fc.constantFrom("a", "b"), { nil: undefined }))
    .map(([host, uid]) => address(`10.0.0.${host}`, uid)),
  { maxLength: 6 },
);
const subsets: fc.Arbitrary<readonly EndpointSubset[]> = fc.array(
  fc.record({
    addresses: someAddresses,
    notReadyAddresses: someAddresses,
    ports: fc.subarray([http, admin, { port: 53, protocol: "UDP" }]),
  }),
  { maxLength: 4 },
);

/** Every address with every port that it has, and whether it is ready there. */
function expanded(list: readonly EndpointSubset[]): string[] {
  const found = new Map<string, boolean>();
  for (const { addresses = [], notReadyAddresses = [], ports } of list) {
    for (const port of ports?.length ? ports : [undefined]) {
      const note = (one: EndpointAddress, ready: boolean) => {
        const id = JSON.stringify([one.ip, one.targetRef?.uid, port]);
        found.set(id, ready && found.get(id) !== false);
      };
      for (const one of addresses) note(one, true);
      for (const one of notReadyAddresses) note(one, false);
    }
  }
  return [...found].map(([id, ready]) => `${id} ${ready}`).sort();
}

test("property: repacking keeps every endpoint, comes to the same from any order, and is done once", () => {
  fc.assert(
    fc.property(subsets, (list) => {
      const packed = repackSubsets(list);
      assert.deepEqual(expanded(packed), expanded(list));
      assert.deepEqual(repackSubsets(packed), packed);
      assert.deepEqual(repackSubsets(list.toReversed()), packed);
    }),
  );
});

test("property: of too many addresses just the most are kept, ready ones first", () => {
  const size = (list: readonly EndpointSubset[], side: "addresses" | "notReadyAddresses") =>
    list.reduce((sum, subset) => sum + (subset[side]?.length ?? 0), 0);
  fc.assert(
    fc.property(subsets, fc.nat({ max: 12 }), (list, max) => {
      const packed = repackSubsets(list);
      const cut = truncateSubsets(packed, max);
      const [ready, notReady] = [size(packed, "addresses"), size(packed, "notReadyAddresses")];
      assert.equal(size(cut, "addresses"), Math.min(ready, max));
      assert.equal(size(cut, "notReadyAddresses"), Math.min(notReady, Math.max(0, max - ready)));
    }),
  );
});

const labels = { "endpoints.kubernetes.io/managed-by": "endpoint-controller" };

const wantedOf = (view: EndpointsView) => planEndpoints(view).steps[0]?.endpoints;

test("addresses say which pods they are of; pods that are not ready stand apart, those that leave are not there", () => {
  const pods = [
    pod("p1", "10.0.0.1", { spec: { hostname: "db-0", subdomain: "web" } }),
    pod("p2", "10.0.0.2", { ready: false }),
    pod("p3", "10.0.0.3", { deleting: true }),
  ];
  const wanted = wantedOf({ service: service(), pods, current: undefined, triggerTime: "2026-01-01T00:00:00Z" });
  const ref = (name: string) => ({ kind: "Pod", name, namespace: "default", uid: `uid-${name}` });
  assert.deepEqual(wanted, {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name: "web",
      namespace: "default",
      labels,
      annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z" },
    },
    subsets: [
      {
        addresses: [{ hostname: "db-0", ip: "10.0.0.1", nodeName: "n1", targetRef: ref("p1") }],
        notReadyAddresses: [{ ip: "10.0.0.2", nodeName: "n1", targetRef: ref("p2") }],
        ports: [{ name: "http", port: 8080, protocol: "TCP" }],
      },
    ],
  });
  assert.equal(wantedOf({ service: service(), pods, current: wanted, triggerTime: undefined }), undefined);
});

for (const [what, of, expected] of [
  ["published whatever their state", { publishNotReadyAddresses: true }, { addresses: 2 }],
  ["of the second family only", { ipFamilies: ["IPv6"] }, {}],
  ["headless without ports", { clusterIP: "None", ports: [] }, { addresses: 1 }],
  ["of no port", { ports: [] }, {}],
  ["of a port that no pod names", { ports: [{ ...PORT, targetPort: "none" }] }, {}],
] as const) {
  test(`pods are endpoints, or not, as upstream has it: ${what}`, () => {
    const pods = [pod("p1", "10.0.0.1"), pod("p2", "10.0.0.2", { deleting: true, ready: false })];
    const wanted = wantedOf({ service: service({ spec: of }), pods, current: undefined, triggerTime: undefined });
    const [subset] = wanted?.subsets ?? [];
    assert.deepEqual(subset?.addresses ? { addresses: subset.addresses.length } : {}, expected);
  });
}

test("labels follow the Service's; a headless one's Endpoints say so", () => {
  const current: Endpoints = { apiVersion: "v1", kind: "Endpoints", metadata: { name: "web", labels } };
  const plan = (of: Parameters<typeof service>[0]) =>
    wantedOf({ service: service(of), pods: [], current, triggerTime: undefined })?.metadata.labels;
  assert.equal(plan({}), undefined);
  assert.deepEqual(plan({ metadata: { labels: { a: "b" } } }), { a: "b", ...labels });
  assert.deepEqual(plan({ spec: { clusterIP: "None" } }), { "service.kubernetes.io/headless": "", ...labels });
});

test("more than a thousand addresses are cut, with a note; fewer again have none", () => {
  const pods = Array.from({ length: 1100 }, (_, i) =>
    pod(`p${i}`, `10.0.${i >> 8}.${i & 255}`, { ready: i % 2 === 0 }),
  );
  const view = { service: service(), pods, triggerTime: undefined };
  const wanted = wantedOf({ ...view, current: undefined });
  const [subset] = wanted?.subsets ?? [];
  assert.deepEqual([subset?.addresses?.length, subset?.notReadyAddresses?.length], [550, 450]);
  const note = "endpoints.kubernetes.io/over-capacity";
  assert.equal(wanted?.metadata.annotations?.[note], "truncated");
  assert.equal(wantedOf({ ...view, current: wanted }), undefined);
  const fewer = wantedOf({ ...view, pods: pods.slice(0, 1000), current: wanted });
  assert.equal(fewer?.metadata.annotations?.[note], undefined);
});

const example = transcripts({
  plan: planEndpoints,
  tell: ({ type, endpoints }: EndpointsStep) =>
    `${type} ${endpoints.metadata.name} with ${endpoints.subsets?.[0]?.addresses?.length ?? 0} addresses`,
});
const current = wantedOf({ service: service(), pods: [], current: undefined, triggerTime: undefined });

example(
  "a Service without Endpoints gets them",
  { service: service(), pods: [pod("p1", "10.0.0.1")], current: undefined, triggerTime: undefined },
  `
  1. create web with 1 addresses
  because 1 pods are selected
`,
);

example(
  "a pod that comes is added",
  { service: service(), pods: [pod("p1", "10.0.0.1"), pod("p2", "10.0.0.2")], current, triggerTime: undefined },
  `
  1. update web with 2 addresses
  because 2 pods are selected
`,
);

example(
  "Endpoints that are right are left alone",
  { service: service(), pods: [], current, triggerTime: undefined },
  `
  do nothing
  because the Endpoints are right
`,
);

example(
  "Endpoints go with their Service",
  { service: undefined, pods: [], current, triggerTime: undefined },
  `
  1. delete web with 0 addresses
  because the Service is gone
`,
);
