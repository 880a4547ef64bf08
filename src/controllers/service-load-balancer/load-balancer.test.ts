import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NODES, SERVICES, type AnyDraft, type New, type Service } from "#objects";
import { node, PORT, service } from "../testing/services.ts";
import { transcripts } from "../testing/transcript.ts";
import { createTestWorld, type TestWorld } from "../testing/world.ts";
import { serviceLoadBalancer, type LoadBalancerOptions } from "./controller.ts";
import { CLEANUP_FINALIZER, planBalancer, type BalancerStep, type UsedPort } from "./plan.ts";

type Spec = Partial<NonNullable<Service["spec"]>>;
const balanced = (
  spec: Spec = {},
  metadata: Partial<Service["metadata"]> = {},
  ips: readonly string[] = [],
): Service => ({
  ...service({ spec: { type: "LoadBalancer", ...spec }, metadata }),
  status: { loadBalancer: ips.length > 0 ? { ingress: ips.map((ip) => ({ ip, ipMode: "VIP" })) } : {} },
});
const marked = { finalizers: [CLEANUP_FINALIZER] };
const POOL = ["10.9.0.1", "10.9.0.2", "fd09::1"];
const usedPort = (ip: string, protocol = "TCP"): UsedPort => ({ ip, port: 80, protocol, by: "another Service" });

for (const [what, of, usedPorts, expected] of [
  ["no balancer is wanted", service(), [], undefined],
  ["another controller serves its class", balanced({ loadBalancerClass: "x/y" }), [], undefined],
  ["it gets the first address", balanced(), [], { type: "ensure", ips: ["10.9.0.1"], ...marked }],
  ["the first one free", balanced(), [usedPort("10.9.0.1")], { type: "ensure", ips: ["10.9.0.2"], ...marked }],
  [
    "UDP does not meet TCP",
    balanced(),
    [usedPort("10.9.0.1", "UDP")],
    { type: "ensure", ips: ["10.9.0.1"], ...marked },
  ],
  ["it keeps what it has", balanced({}, marked, ["10.9.0.2"]), [], undefined],
  ["it moves when it must", balanced({}, marked, ["10.9.0.7"]), [], { type: "ensure", ips: ["10.9.0.1"] }],
  [
    "it gets what it asks for",
    balanced({ loadBalancerIP: "10.9.0.2" }),
    [],
    { type: "ensure", ips: ["10.9.0.2"], ...marked },
  ],
  [
    "what it asks for is not there",
    balanced({ loadBalancerIP: "10.9.0.9" }),
    [],
    {
      type: "refuse",
      problem: "the requested address 10.9.0.9 is not one of the pool (10.9.0.1, 10.9.0.2, fd09::1)",
      ...marked,
    },
  ],
  [
    "its port is taken everywhere",
    balanced(),
    [usedPort("")],
    { type: "refuse", problem: "port 80/TCP of 10.9.0.1 is taken by another Service", ...marked },
  ],
  [
    "both families",
    balanced({ ipFamilies: ["IPv6", "IPv4"] }),
    [],
    { type: "ensure", ips: ["fd09::1", "10.9.0.1"], ...marked },
  ],
  [
    "it is no balancer any more",
    service({ metadata: { finalizers: ["x", CLEANUP_FINALIZER] } }),
    [],
    { type: "release", finalizers: ["x"] },
  ],
  [
    "it is being deleted",
    balanced({}, { ...marked, deletionTimestamp: "2026-01-01T00:00:00Z" }, ["10.9.0.1"]),
    [],
    { type: "release", finalizers: [] },
  ],
] as const) {
  test(`a Service is planned its address by upstream's rules and ours: ${what}`, () =>
    assert.deepEqual(planBalancer({ service: of, pool: POOL, usedPorts }, 0).steps[0], expected));
}

const example = transcripts({
  plan: planBalancer,
  tell: (step: BalancerStep) => (step.type === "ensure" ? `give it ${step.ips.join(", ")}` : step.type),
});

example(
  "an empty pool says so, and says so again",
  { service: balanced(), pool: ["fd09::1"], usedPorts: [] },
  `
  1. refuse
  look again in 300 s
  because the pool has no address of the family IPv4
`,
);

example(
  "a Service gets an address at which its ports are free",
  { service: balanced(), pool: POOL, usedPorts: [usedPort("10.9.0.1")] },
  `
  1. give it 10.9.0.2
  because 10.9.0.2 can serve its ports
`,
);

example(
  "a Service that has its address is left alone",
  { service: balanced({}, marked, ["10.9.0.2"]), pool: POOL, usedPorts: [] },
  `
  do nothing
  because it has 10.9.0.2
`,
);

const world = (options?: LoadBalancerOptions) => createTestWorld([serviceLoadBalancer(options)]);
const key = (name: string) => ({ namespace: "default", name });
const create = async (w: TestWorld, name: string, port = 80, spec: Spec = {}) => {
  const object: New<Service> = balanced({ ports: [{ ...PORT, port }], ...spec }, { name, uid: name });
  await w.client.create(SERVICES, object);
  await w.settle();
};
const specOf = (draft: AnyDraft) => draft.spec as Record<string, unknown>;
const given = (w: TestWorld) =>
  Object.fromEntries(
    w.client
      .all(SERVICES)
      .map(({ metadata, status }) => [metadata.name, (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip).join()]),
  );

test("Services share the nodes' addresses as long as their ports differ; one that waits gets what is freed", async () => {
  await using w = await world();
  await create(w, "a");
  assert.deepEqual(given(w), { a: "" });
  assert.match(w.events().join("\n"), /Warning SyncLoadBalancerFailed .*the pool has no address of the family IPv4/);
  await w.client.create(NODES, node("n2"));
  await w.settle();
  assert.deepEqual(given(w), { a: "172.18.0.2" });
  await create(w, "b", 443);
  await create(w, "c");
  assert.deepEqual(given(w), { a: "172.18.0.2", b: "172.18.0.2", c: "" });
  assert.match(
    w.events().join("\n"),
    /Error syncing load balancer: failed to ensure load balancer: port 80\/TCP of 172.18.0.2 is taken by Service default\/a/,
  );
  await w.client.delete(SERVICES, key("a"));
  await w.settle();
  assert.deepEqual(given(w), { b: "172.18.0.2", c: "172.18.0.2" });
  const [b] = w.client.all(SERVICES);
  assert.deepEqual(b?.metadata.finalizers, [CLEANUP_FINALIZER]);
  assert.deepEqual(b?.status?.loadBalancer?.ingress, [{ ip: "172.18.0.2", ipMode: "VIP" }]);
  for (const event of [
    "Normal EnsuringLoadBalancer Ensuring load balancer",
    "Normal EnsuredLoadBalancer Ensured load balancer",
    "Normal DeletingLoadBalancer Deleting load balancer",
    "Normal DeletedLoadBalancer Deleted load balancer",
  ]) {
    assert.ok(w.events().includes(event), event);
  }
});

test("where the nodes' addresses are taken, those that only the machine itself can reach are given", async () => {
  await using w = await world({ spare: ["127.0.0.2", "127.0.0.3"] });
  await create(w, "a");
  assert.deepEqual(given(w), { a: "" }, "a spare one is no start: what a Service has it keeps");
  await w.client.create(NODES, node("n2"));
  await w.settle();
  await create(w, "b");
  await create(w, "c");
  await create(w, "d");
  await create(w, "e", 443);
  const expected = { a: "172.18.0.2", b: "127.0.0.2", c: "127.0.0.3", d: "", e: "172.18.0.2" };
  assert.deepEqual(given(w), expected);
  await w.client.delete(SERVICES, key("a"));
  await w.settle();
  assert.deepEqual(given(w), { b: "127.0.0.2", c: "127.0.0.3", d: "172.18.0.2", e: "172.18.0.2" });
});

test("a change of the type gives the address back, one of the ports may need another address", async () => {
  await using w = await world({ addresses: ["10.9.0.1", "10.9.0.2"] });
  await create(w, "a");
  await create(w, "b", 81);
  w.client.edit(SERVICES, key("b"), (draft) => (specOf(draft).ports = [PORT]));
  await w.settle();
  assert.deepEqual(given(w), { a: "10.9.0.1", b: "10.9.0.2" });
  await create(w, "c");
  w.client.edit(SERVICES, key("a"), (draft) => (specOf(draft).type = "ClusterIP"));
  await w.settle();
  assert.deepEqual(given(w), { a: "", b: "10.9.0.2", c: "10.9.0.1" });
  assert.equal(w.client.all(SERVICES)[0]?.metadata.finalizers, undefined);
});

test("what listens there already is not given away: the API server, other Services' node ports", async () => {
  await using w = await world({
    addresses: ["10.9.0.1"],
    taken: [{ ip: "10.9.0.1", port: 6443, protocol: "TCP", by: "the API server" }],
  });
  await create(w, "a", 6443);
  await create(w, "b", 30_080, { ports: [{ ...PORT, port: 80, nodePort: 30_443 }] });
  await create(w, "c", 30_443);
  assert.deepEqual(given(w), { a: "", b: "10.9.0.1", c: "" });
  assert.match(w.events().join("\n"), /port 6443\/TCP of 10.9.0.1 is taken by the API server/);
  assert.match(w.events().join("\n"), /port 30443\/TCP of 10.9.0.1 is taken by a node port of Service default\/b/);
});

test("what another implementation writes into the status is not undone, a wait is told once", async () => {
  await using w = await world({ addresses: ["10.9.0.1"] });
  await create(w, "a");
  const status = { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } };
  const [a] = w.client.all(SERVICES);
  await w.client.update(SERVICES, { ...a!, status }, { subresource: "status" });
  await create(w, "b");
  await w.settle(60_000);
  assert.deepEqual(given(w), { a: "203.0.113.1", b: "" });
  assert.equal(w.events().filter((event) => event.includes("SyncLoadBalancerFailed")).length, 1);
});

test("after a restart every Service keeps its address", async () => {
  const prepare: Parameters<typeof createTestWorld>[1] = async (client) => {
    await client.create(SERVICES, balanced({}, { name: "new", uid: "new" }));
    const old = await client.create(SERVICES, balanced({}, { name: "old", uid: "old", ...marked }));
    await client.update(
      SERVICES,
      { ...balanced({}, {}, ["10.9.0.1"]), metadata: old.metadata },
      { subresource: "status" },
    );
  };
  await using w = await createTestWorld([serviceLoadBalancer({ addresses: ["10.9.0.1"] })], prepare);
  await w.settle();
  assert.deepEqual(given(w), { new: "", old: "10.9.0.1" });
});

test("property: whatever comes and goes, no two Services have one port of one address, and no Service waits needlessly", async () => {
  const step = fc.record({
    name: fc.constantFrom("a", "b", "c", "d", "e"),
    act: fc.constantFrom("create", "delete", "port 80", "port 81", "ClusterIP", "LoadBalancer", "let go"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15, size: "max" }), async (steps) => {
      const addresses = ["10.9.0.1"];
      await using w = await world({ addresses });
      for (const { name, act } of steps) {
        const exists = w.client
          .all(SERVICES)
          .some(({ metadata }) => metadata.name === name && !metadata.deletionTimestamp);
        if (act === "create") {
          if (!exists) await create(w, name);
        } else if (exists && act === "delete") await w.client.delete(SERVICES, key(name));
        else if (exists) {
          w.client.edit(SERVICES, key(name), (draft) => {
            if (act === "let go") {
              specOf(draft).type = "ClusterIP";
              delete draft.metadata.finalizers;
            } else if (act.startsWith("port")) specOf(draft).ports = [{ ...PORT, port: Number(act.slice(5)) }];
            else specOf(draft).type = act;
          });
        }
        await w.settle(5);
      }
      await w.settle(1000);
      const taken = new Set<string>();
      for (const { metadata, spec, status } of w.client.all(SERVICES)) {
        // The API clears the status with the type, the fake one does not.
        if (spec?.type !== "LoadBalancer") continue;
        for (const { ip } of status?.loadBalancer?.ingress ?? []) {
          const at = `${ip}:${spec?.ports?.[0]?.port}`;
          assert.ok(!taken.has(at), `${metadata.name} has ${at} too`);
          taken.add(at);
        }
      }
      for (const { metadata, spec, status } of w.client.all(SERVICES)) {
        if (spec?.type !== "LoadBalancer" || status?.loadBalancer?.ingress) continue;
        const port = spec.ports?.[0]?.port;
        for (const ip of addresses) assert.ok(taken.has(`${ip}:${port}`), `${metadata.name} waits for ${ip}:${port}`);
      }
    }),
    { numRuns: 40 },
  );
});
