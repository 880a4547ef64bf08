import assert from "node:assert/strict";
import { test } from "node:test";
import {
  IP_ADDRESSES,
  SERVICE_CIDRS,
  SERVICES,
  type AnyDraft,
  type IPAddress,
  type New,
  type ServiceCIDR,
} from "#objects";
import { service } from "../testing/services.ts";
import { transcripts } from "../testing/transcript.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { serviceCidrController } from "./controller.ts";
import { ipAddressController } from "./ip-addresses.ts";
import { planCidr, PROTECTION, type CidrStep } from "./plan.ts";

const world = () => createTestWorld([serviceCidrController(), ipAddressController()]);
const named = (name: string) => ({ namespace: "", name });
const KEY = { namespace: "default", name: "web" };
const cidr = (name: string, ...cidrs: string[]): New<ServiceCIDR> => ({ metadata: { name }, spec: { cidrs } });
const addresses = (w: TestWorld) =>
  w.client
    .all(IP_ADDRESSES)
    .map(({ metadata, spec }) => `${metadata.name} ${spec.parentRef.namespace}/${spec.parentRef.name}`);
const edit = async (w: TestWorld, spec: object) => {
  w.client.edit(SERVICES, KEY, (draft: AnyDraft) => Object.assign(draft.spec as object, spec));
  await w.settle();
};
const ready = (w: TestWorld, name: string) =>
  w.client
    .all(SERVICE_CIDRS)
    .find(({ metadata }) => metadata.name === name)
    ?.status?.conditions?.map(({ status, reason }) => `${status} ${reason}`)
    .join();

test("each cluster IP has an IPAddress that names its Service, as long as it is so", async () => {
  await using w = await world();
  await w.client.create(SERVICES, service({ spec: { clusterIPs: ["10.96.0.10", "fd00::a"] } }));
  await w.settle();
  assert.deepEqual(addresses(w), ["10.96.0.10 default/web", "fd00::a default/web"]);
  assert.deepEqual(w.client.all(IP_ADDRESSES)[1]?.metadata.labels, {
    "ipaddress.kubernetes.io/ip-family": "IPv6",
    "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
  });
  await edit(w, { clusterIPs: ["10.96.0.10"] });
  assert.deepEqual(addresses(w), ["10.96.0.10 default/web"]);
  w.client.remove(IP_ADDRESSES, named("10.96.0.10"));
  await w.settle();
  assert.deepEqual(addresses(w), ["10.96.0.10 default/web"]);
  await edit(w, { clusterIP: "None", clusterIPs: ["None"] });
  assert.deepEqual(addresses(w), []);
});

test("an address goes from one Service to the next; one that a user made for it is replaced; others are left alone", async () => {
  await using w = await world();
  const foreign = { parentRef: { resource: "gateways", group: "example.org", namespace: "default", name: "g" } };
  await w.client.create(IP_ADDRESSES, { metadata: { name: "10.96.0.10" }, spec: foreign });
  await w.client.create(IP_ADDRESSES, { metadata: { name: "10.96.0.11" }, spec: foreign });
  await w.client.create(SERVICES, service({ spec: { clusterIPs: ["10.96.0.10"] } }));
  await w.settle();
  assert.deepEqual(addresses(w).toSorted(), ["10.96.0.10 default/web", "10.96.0.11 default/g"]);
  w.client.remove(SERVICES, KEY);
  await w.client.create(
    SERVICES,
    service({ metadata: { name: "next", uid: "2" }, spec: { clusterIPs: ["10.96.0.10"] } }),
  );
  await w.settle();
  assert.deepEqual(addresses(w).toSorted(), ["10.96.0.10 default/next", "10.96.0.11 default/g"]);
  // A third that claims it too does not take it away.
  await w.client.create(
    SERVICES,
    service({ metadata: { name: "third", uid: "3" }, spec: { clusterIPs: ["10.96.0.10"] } }),
  );
  await w.settle();
  const before = w.client.writes.length;
  await w.settle(60_000);
  assert.equal(w.client.writes.length, before);
  assert.deepEqual(addresses(w).toSorted(), ["10.96.0.10 default/next", "10.96.0.11 default/g"]);
});

test("a network in use does not go before its addresses have another one or are gone", async () => {
  await using w = await world();
  await w.client.create(SERVICE_CIDRS, cidr("main", "10.96.0.0/16"));
  await w.client.create(SERVICE_CIDRS, cidr("unused", "10.99.0.0/16"));
  await w.client.create(SERVICES, service({ spec: { clusterIPs: ["10.96.0.10"] } }));
  await w.settle();
  assert.equal(ready(w, "main"), "True ");
  const [main] = w.client.all(SERVICE_CIDRS);
  assert.deepEqual(main?.metadata.finalizers, ["networking.k8s.io/service-cidr-finalizer"]);

  await w.client.delete(SERVICE_CIDRS, named("unused"));
  await w.client.delete(SERVICE_CIDRS, named("main"));
  await w.settle(11_000);
  assert.equal(ready(w, "unused"), undefined);
  assert.equal(ready(w, "main"), "False Terminating");
  await w.client.create(SERVICE_CIDRS, cidr("wider", "10.0.0.0/8"));
  await w.settle(11_000);
  assert.equal(ready(w, "main"), undefined);

  await w.client.delete(SERVICE_CIDRS, named("wider"));
  await w.settle(11_000);
  assert.equal(ready(w, "wider"), "False Terminating");
  w.client.remove(SERVICES, KEY);
  await w.settle(11_000);
  assert.equal(ready(w, "wider"), undefined);
});

const example = transcripts({
  plan: planCidr,
  now: Date.parse("2026-01-01T00:00:04Z"),
  tell: (step: CidrStep) =>
    step.type === "set-finalizers"
      ? `set the finalizers to [${step.finalizers.join(", ")}]`
      : `set the condition ${step.conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`).join(", ")}`,
});
const network = (prefix: string, metadata: Partial<ServiceCIDR["metadata"]> = {}): ServiceCIDR => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "ServiceCIDR",
  metadata: { name: prefix, ...metadata },
  spec: { cidrs: [prefix] },
});
const going = network("10.96.0.0/16", { finalizers: [PROTECTION], deletionTimestamp: "2026-01-01T00:00:00Z" });
const used: IPAddress = {
  apiVersion: "networking.k8s.io/v1",
  kind: "IPAddress",
  metadata: { name: "10.96.0.10", labels: { "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io" } },
  spec: { parentRef: { resource: "services", namespace: "default", name: "web" } },
};

example(
  "a new network is protected before anything else",
  { cidr: network("10.96.0.0/16"), others: [], addresses: [] },
  `
  1. set the finalizers to [networking.k8s.io/service-cidr-finalizer]
  because it is not protected yet
`,
);

example(
  "a network whose addresses are in use says that it waits for them",
  { cidr: going, others: [], addresses: [used] },
  `
  1. set the condition Ready=False Terminating
  because There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR
`,
);

example(
  "a network whose addresses are in another one, too, goes ten seconds after its deletion",
  { cidr: going, others: [network("10.0.0.0/8")], addresses: [used] },
  `
  do nothing
  look again in 6 s
  because no IPAddress needs it
`,
);
