import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Pod, Service } from "#objects";
import { node, pod, PORT, service, type ServiceParts } from "../testing/services.ts";
import { planSlices, type SliceStep } from "./plan.ts";

const nodes = new Map([node("n1", "a"), node("n2", "b"), node("n3")].map((one) => [one.metadata.name!, one]));

const plan = (of: Service, pods: readonly Pod[], slices: readonly EndpointSlice[] = [], triggerTime?: string) =>
  planSlices({ service: of, pods, slices, nodes, triggerTime, max: 3 }).steps;

let names = 0;
/** What the API holds after the steps. */
function after(steps: readonly SliceStep[], slices: readonly EndpointSlice[] = []): EndpointSlice[] {
  const left = new Map(slices.map((slice) => [slice.metadata.name, slice]));
  for (const { type, slice } of steps) {
    const name = type === "create" ? `${slice.metadata.generateName}${names++}` : slice.metadata.name!;
    if (type === "delete") left.delete(name);
    else {
      left.set(name, {
        ...slice,
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { ...slice.metadata, name },
      });
    }
  }
  return [...left.values()];
}
const made = (of: Service, pods: readonly Pod[]) => after(plan(of, pods));

test("a slice says whose it is, where its endpoints are and what state they are in", () => {
  const of = service({ metadata: { labels: { app: "web", "endpointslice.kubernetes.io/managed-by": "me" } } });
  const [step, ...others] = plan(of, [pod("p1", "10.0.0.1")], [], "2026-01-01T00:00:30Z");
  assert.equal(others.length, 0);
  assert.deepEqual(step, {
    type: "create",
    slice: {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        generateName: "web-",
        namespace: "default",
        labels: {
          app: "web",
          "kubernetes.io/service-name": "web",
          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        },
        annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:30Z" },
        ownerReferences: [
          {
            apiVersion: "v1",
            kind: "Service",
            name: "web",
            uid: "service-1",
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      addressType: "IPv4",
      endpoints: [
        {
          addresses: ["10.0.0.1"],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: "n1",
          targetRef: { kind: "Pod", name: "p1", namespace: "default", uid: "uid-p1" },
          zone: "a",
        },
      ],
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    },
  });
});

for (const [what, of, parts, expected] of [
  ["ready", {}, {}, { ready: true, serving: true, terminating: false }],
  ["not ready", {}, { ready: false }, { ready: false, serving: false, terminating: false }],
  ["terminating, still serving", {}, { deleting: true }, { ready: false, serving: true, terminating: true }],
  ["terminating", {}, { deleting: true, ready: false }, { ready: false, serving: false, terminating: true }],
  [
    "published whatever its state",
    { publishNotReadyAddresses: true },
    { ready: false, deleting: true },
    { ready: true, serving: false, terminating: true },
  ],
] as const) {
  test(`the conditions of a pod that is ${what} are upstream's`, () => {
    const [slice] = made(service({ spec: of }), [pod("p", "10.0.0.1", parts)]);
    assert.deepEqual(slice?.endpoints?.[0]?.conditions, expected);
  });
}

test("pods that have ended, have no address, or whose node is unknown are no endpoints", () => {
  const pods = [
    pod("ended", "10.0.0.1", { phase: "Succeeded" }),
    pod("new", ""),
    pod("lost", "10.0.0.2", { spec: { nodeName: "n9" } }),
  ];
  assert.deepEqual(made(service(), pods)[0]?.endpoints, []);
  const [published] = made(service({ spec: { publishNotReadyAddresses: true } }), pods);
  assert.deepEqual(
    published?.endpoints?.map(({ targetRef }) => targetRef?.name),
    ["lost"],
  );
});

test("one placeholder stands for no endpoints, and is filled when there are some", () => {
  const empty = made(service(), []);
  assert.deepEqual(
    empty.map(({ ports, endpoints }) => ({ ports, endpoints })),
    [{ ports: [], endpoints: [] }],
  );
  assert.deepEqual(plan(service(), [], empty), []);
  const steps = plan(service(), [pod("p", "10.0.0.1")], empty);
  assert.deepEqual(
    steps.map(({ type, slice }) => [type, slice.metadata.name, slice.endpoints?.length, slice.ports?.length]),
    [["update", empty[0]?.metadata.name, 1, 1]],
  );
  const back = plan(service(), [], after(steps, empty));
  assert.deepEqual(
    back.map(({ type, slice }) => [type, slice.endpoints?.length, slice.ports?.length]),
    [["update", 0, 0]],
  );
});

test("a named port leads to each pod's own number, one slice for each set of ports", () => {
  const named = service({
    spec: {
      ports: [
        { ...PORT, targetPort: "web" },
        { name: "m", port: 9, targetPort: 9, protocol: "UDP" },
      ],
    },
  });
  const offering = (name: string, ip: string, containerPort: number) =>
    pod(name, ip, { spec: { containers: [{ name: "c", ports: [{ name: "web", containerPort }] }] } });
  const sidecar = pod("p4", "10.0.0.4", {
    spec: { initContainers: [{ name: "s", restartPolicy: "Always", ports: [{ name: "web", containerPort: 81 }] }] },
  });
  const pods = [offering("p1", "10.0.0.1", 80), offering("p2", "10.0.0.2", 81), pod("p3", "10.0.0.3"), sidecar];
  const shown = made(named, pods).map(({ ports = [], endpoints = [] }) => [
    ports.map(({ name, port, protocol }) => `${name} ${port}/${protocol}`).join(),
    endpoints.map(({ targetRef }) => targetRef?.name).join(),
  ]);
  assert.deepEqual(shown, [
    ["http 80/TCP,m 9/UDP", "p1"],
    ["http 81/TCP,m 9/UDP", "p2,p4"],
    ["m 9/UDP", "p3"],
  ]);
});

test("both families have slices; one that the Service gives up is deleted", () => {
  const dual = service({ spec: { ipFamilies: ["IPv4", "IPv6"] } });
  const pods = [pod("p1", "", { ips: ["10.0.0.1", "fd00:0::1"] }), pod("p2", "10.0.0.2")];
  const slices = made(dual, pods);
  assert.deepEqual(
    slices.map(({ addressType, endpoints = [] }) => [
      addressType,
      endpoints.flatMap(({ addresses }) => addresses).join(),
    ]),
    [
      ["IPv4", "10.0.0.1,10.0.0.2"],
      ["IPv6", "fd00::1"],
    ],
  );
  const steps = plan(service(), pods, slices);
  assert.deepEqual(
    steps.map(({ type, slice }) => `${type} ${slice.addressType}`),
    ["delete IPv6"],
  );
});

test("headless Services are labelled, and may have no ports", () => {
  const headless = service({ spec: { clusterIP: "None", ports: [] } });
  const named = pod("p", "10.0.0.1", { spec: { hostname: "db-0", subdomain: "web" } });
  const elsewhere = pod("q", "10.0.0.2", { spec: { hostname: "db-1", subdomain: "other" } });
  const [slice] = made(headless, [named, elsewhere]);
  assert.equal(slice?.metadata.labels?.["service.kubernetes.io/headless"], "");
  assert.deepEqual(slice?.ports, []);
  assert.deepEqual(
    slice?.endpoints?.map(({ hostname }) => hostname),
    ["db-0", undefined],
  );
  assert.deepEqual(plan(headless, [named, elsewhere], [slice!]), []);
});

test("labels follow the Service's; what others changed is put right; nothing else is written", () => {
  const pods = [pod("p", "10.0.0.1")];
  const [slice] = made(service(), pods);
  assert.deepEqual(plan(service(), pods, [slice!]), []);
  const labelled = plan(service({ metadata: { labels: { tier: "front" } } }), pods, [slice!]);
  assert.equal(labelled[0]?.type, "update");
  assert.equal(labelled[0]?.slice.metadata.labels?.tier, "front");
  const emptied = plan(service(), pods, [{ ...slice!, endpoints: [] }]);
  assert.deepEqual(
    emptied.map(({ type, slice: { endpoints } }) => [type, endpoints?.length]),
    [["update", 1]],
  );
});

test("slices of an earlier Service of the name go; one that is being deleted gets no new ones", () => {
  const pods = [pod("p", "10.0.0.1")];
  const old = made(service({ metadata: { uid: "earlier" } }), pods);
  assert.deepEqual(
    plan(service(), pods, old).map(({ type }) => type),
    ["create", "delete"],
  );
  const deleting = service({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
  assert.deepEqual(plan(deleting, pods), []);
});

test("the time of the cause is noted with a change, and forgotten with one that has none", () => {
  const [slice] = after(plan(service(), [pod("p", "10.0.0.1")], [], "2026-01-01T00:00:00Z"));
  const [step] = plan(service(), [pod("p", "10.0.0.1", { ready: false })], [slice!]);
  assert.equal(step?.slice.metadata.annotations, undefined);
});

const hints = (of: ServiceParts, pods: readonly Pod[], slices: readonly EndpointSlice[] = []) => {
  const steps = plan(service(of), pods, slices);
  return { steps, hints: after(steps, slices).flatMap(({ endpoints = [] }) => endpoints.map((one) => one.hints)) };
};
const spread = [
  pod("p1", "10.0.0.1"),
  pod("p2", "10.0.0.2", { ready: false, spec: { nodeName: "n2" } }),
  pod("p3", "10.0.0.3", { spec: { nodeName: "n3" } }),
];
const inZone = { forZones: [{ name: "a" }] };

for (const [trafficDistribution, expected] of [
  ["PreferClose", [inZone, undefined, undefined]],
  ["PreferSameZone", [inZone, undefined, undefined]],
  ["PreferSameNode", [{ forNodes: [{ name: "n1" }], ...inZone }, undefined, { forNodes: [{ name: "n3" }] }]],
] as const) {
  test(`${trafficDistribution}: ready endpoints are meant for their own zone or node`, () => {
    const first = hints({ spec: { trafficDistribution } }, spread);
    assert.deepEqual(first.hints, expected);
    const slices = after(first.steps);
    assert.deepEqual(hints({ spec: { trafficDistribution } }, spread, slices).steps, []);
    const dropped = hints({}, spread, slices);
    assert.deepEqual(
      dropped.steps.map(({ type }) => type),
      ["update"],
    );
    assert.deepEqual(dropped.hints, [undefined, undefined, undefined]);
    assert.deepEqual(hints({ spec: { trafficDistribution } }, spread, after(dropped.steps, slices)).hints, expected);
  });
}
