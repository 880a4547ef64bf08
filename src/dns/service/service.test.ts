import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, createScope, createVirtualClock, silentLog } from "#base";
import { createCaches } from "#client";
import { ENDPOINT_SLICES, ENDPOINTS, SERVICES } from "#objects";
import { createFakeClient } from "#simulation";
import { ensureDnsService } from "../index.ts";
import { planDnsService } from "./plan.ts";

const PLACE = { clusterIps: ["10.96.0.10"], address: "192.0.2.1", port: 5353 };
const KEY = { namespace: "kube-system", name: "kube-dns" };

async function createWorld() {
  const clock = createVirtualClock();
  const random = createRandom(1);
  const scope = createScope("test");
  const client = createFakeClient({ clock, random });
  const caches = createCaches({ client, scope, clock, random, log: silentLog });
  ensureDnsService({ client, caches, clock, scope, log: silentLog, ...PLACE });
  await clock.advance(100);
  return { client, settle: () => clock.advance(100), [Symbol.asyncDispose]: () => scope.close() };
}

test("the Service is made, and leads to where the server is", async () => {
  await using world = await createWorld();
  const [service] = world.client.all(SERVICES);
  assert.deepEqual(service?.spec?.clusterIPs, ["10.96.0.10"]);
  assert.equal(service?.metadata.labels?.["k8s-app"], "kube-dns");
  assert.equal(service?.spec?.selector, undefined);
  const [slice] = world.client.all(ENDPOINT_SLICES);
  assert.deepEqual(slice?.endpoints?.[0]?.addresses, ["192.0.2.1"]);
  assert.deepEqual(
    slice?.ports?.map(({ name, protocol, port }) => `${name} ${protocol} ${port}`),
    ["dns UDP 5353", "dns-tcp TCP 5353"],
  );
  assert.equal(world.client.all(ENDPOINTS)[0]?.subsets?.[0]?.addresses?.[0]?.ip, "192.0.2.1");
  const { length } = world.client.writes;
  await world.settle();
  assert.equal(world.client.writes.length, length, "nothing more to do");
});

test("the Service, its Endpoints and its EndpointSlice are restored when a client changes them", async () => {
  await using world = await createWorld();
  world.client.remove(SERVICES, KEY);
  world.client.remove(ENDPOINTS, KEY);
  world.client.edit(ENDPOINT_SLICES, KEY, (draft) => {
    draft["endpoints"] = [];
  });
  await world.settle();
  assert.equal(world.client.all(SERVICES).length, 1);
  assert.equal(world.client.all(ENDPOINTS).length, 1);
  assert.equal(world.client.all(ENDPOINT_SLICES)[0]?.endpoints?.length, 1);
});

test("a Service with a selector belongs to another DNS server: our EndpointSlice of it is removed", async () => {
  await using world = await createWorld();
  world.client.edit(SERVICES, KEY, (draft) => {
    draft["spec"] = { selector: { "k8s-app": "kube-dns" }, clusterIP: "10.96.0.10" };
  });
  await world.settle();
  assert.deepEqual([...world.client.all(ENDPOINT_SLICES), ...world.client.all(ENDPOINTS)], []);
  assert.deepEqual(world.client.all(SERVICES)[0]?.spec?.selector, { "k8s-app": "kube-dns" });
});

test("a server at an address of another family gets another slice", () => {
  const v6 = { clusterIps: ["fd00::a"], address: "2001:db8::1", port: 53 };
  const none = { service: undefined, slice: undefined, endpoints: undefined };
  const made = planDnsService(none, PLACE).slice;
  const slice = made.do === "create" ? made.object : undefined;
  assert.ok(slice);
  assert.equal(planDnsService({ ...none, slice }, v6).slice.do, "delete");
  assert.equal(planDnsService({ ...none, slice }, PLACE).slice.do, "nothing");
});
