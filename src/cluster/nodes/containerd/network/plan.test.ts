import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseCidr } from "#objects";
import { bridgeOf, gatewayOf, USUAL_PODS, USUAL_SERVICES, type NodeNetwork } from "./network.ts";
import { planNetwork, type FoundBridge, type Observed, type Wanted } from "./plan.ts";

const wanted = (more: Partial<Wanted> = {}): Wanted => ({
  dataDir: "/data/b",
  id: "bbbbbbbb",
  kept: undefined,
  earlier: false,
  stored: false,
  given: false,
  nodeAddress: undefined,
  loadBalancerAddresses: undefined,
  ...more,
});
const observed = (more: Partial<Observed> = {}): Observed => ({
  bridges: [],
  routes: [],
  earlierTable: false,
  machineAddress: "192.0.2.2",
  ...more,
});
const FIRST: NodeNetwork = { id: "aaaaaaaa", pods: USUAL_PODS, services: USUAL_SERVICES, machine: true };
const bridge = (network: NodeNetwork, owner = `/data/${network.id[0]}`): FoundBridge => ({
  name: bridgeOf(network),
  owner,
  network,
});
const beside = (...networks: NodeNetwork[]): Observed => observed({ bridges: networks.map((one) => bridge(one)) });

function planned(more: Partial<Wanted>, machine: Observed) {
  const plan = planNetwork(wanted(more), machine);
  assert.ok("network" in plan, JSON.stringify(plan));
  return plan;
}
function refused(more: Partial<Wanted>, machine: Observed): string {
  const plan = planNetwork(wanted(more), machine);
  assert.ok("refused" in plan, JSON.stringify(plan));
  return plan.refused;
}

describe("the network of a data directory", () => {
  test("is the usual one when it is alone on a machine, with a bridge named after the directory", () => {
    const { network, notes, takeOver } = planned({}, observed());
    assert.deepEqual(network, { id: "bbbbbbbb", pods: USUAL_PODS, services: USUAL_SERVICES, machine: true });
    assert.equal(bridgeOf(network), "knarr-bbbbbbbb");
    assert.deepEqual([notes, takeOver], [[], false]);
  });

  test("gets free ranges and an address of its own beside another cluster, and the user is told", () => {
    const { network, notes } = planned({}, beside(FIRST));
    assert.deepEqual(network, {
      id: "bbbbbbbb",
      pods: "10.245.0.0/16",
      services: "10.112.0.0/16",
      machine: false,
      address: "10.245.0.1",
    });
    assert.deepEqual(notes, [
      "beside the cluster in /data/a (bridge knarr-aaaaaaaa): Pods in 10.245.0.0/16, Services in 10.112.0.0/16, node ports on 10.245.0.1 only",
    ]);
  });

  test("what it had stays, whatever is free now; the machine's addresses are the first's", () => {
    const kept: NodeNetwork = {
      ...FIRST,
      id: "bbbbbbbb",
      pods: "10.245.0.0/16",
      services: "10.112.0.0/16",
      machine: false,
    };
    const alone = planned({ kept }, observed()).network;
    assert.deepEqual([alone.pods, alone.services, alone.machine], [kept.pods, kept.services, true]);
    assert.equal(planned({ kept }, beside(FIRST)).network.machine, false);
  });

  test("networks of the machine are stepped aside for, but for larger ones around the range", () => {
    const docker = { to: "10.244.3.0/24", device: "docker0" };
    const company = { to: "10.0.0.0/8", device: "tun0" };
    assert.equal(planned({}, observed({ routes: [docker] })).network.pods, "10.245.0.0/16");
    assert.equal(planned({}, observed({ routes: [company, docker] })).network.pods, "10.245.0.0/16");
    const { network, notes } = planned({}, observed({ routes: [company] }));
    assert.equal(network.pods, USUAL_PODS);
    assert.match(notes.join("\n"), /the network 10\.0\.0\.0\/8 of tun0 overlaps/);
  });

  test("Services keep their range, so another cluster that has it is refused by name", () => {
    const kept = { ...FIRST, id: "bbbbbbbb" };
    const text = refused({ kept }, beside(FIRST));
    assert.match(text, /^the range 10\.96\.0\.0\/12 of this cluster's Services belongs to the cluster in \/data\/a /);
    assert.match(text, /knarr down --purge --data-dir \/data\/a$/);
    assert.match(refused({ stored: true }, beside(FIRST)), /Services belongs to the cluster in \/data\/a/);
  });

  test("Pods that are plugged in keep their range; where none are, they get another", () => {
    const kept = { ...FIRST, id: "bbbbbbbb", services: "10.112.0.0/16" };
    assert.equal(planned({ kept }, beside(FIRST)).network.pods, "10.245.0.0/16");
    assert.match(
      refused({ kept }, beside(FIRST, kept)),
      /^the range 10\.244\.0\.0\/16 of this cluster's Pods belongs to/,
    );
  });

  test("addresses that another cluster has are refused by name", () => {
    const other = { ...FIRST, balancers: ["203.0.113.7"] };
    for (const nodeAddress of ["192.0.2.2", "203.0.113.7", gatewayOf(FIRST)])
      assert.match(
        refused({ nodeAddress }, beside(other)),
        /^the node address \S+ belongs to the cluster in \/data\/a/,
      );
    assert.match(
      refused({ loadBalancerAddresses: ["203.0.113.8", "192.0.2.2"] }, beside(other)),
      /^the load balancer address 192\.0\.2\.2 belongs to/,
    );
    assert.equal(planned({ nodeAddress: "192.0.2.3" }, beside(other)).network.address, "192.0.2.3");
  });

  test("a directory that has moved keeps its bridge; a copy of one that is there is refused", () => {
    const kept = { ...FIRST, id: "bbbbbbbb" };
    const moved: FoundBridge = { name: bridgeOf(kept), owner: "/data/gone" };
    assert.equal(planned({ kept }, observed({ bridges: [moved] })).network.id, kept.id);
    const copied = bridge(kept, "/data/original");
    assert.match(refused({ kept }, observed({ bridges: [copied] })), /is a copy of \/data\/original, /);
  });

  test("a directory of an earlier version takes its bridge over; another one beside it does not", () => {
    const machine = observed({ bridges: [{ name: "knarr0" }], earlierTable: true });
    const { network, takeOver } = planned({ earlier: true, stored: true }, machine);
    assert.ok(takeOver);
    assert.deepEqual(network, { ...FIRST, id: "bbbbbbbb", name: "knarr", replaces: "knarr" });
    const another = planned({}, machine).network;
    assert.deepEqual([another.machine, another.replaces], [false, undefined]);
    const pods = { to: "10.244.0.0/24", device: "knarr0" };
    assert.equal(planned({}, { ...machine, routes: [pods] }).network.pods, "10.245.0.0/16");
  });

  test("with a given containerd it is the one bridge that its configuration names, or none", () => {
    const { network } = planned({ given: true }, observed({ bridges: [{ name: "knarr0" }] }));
    assert.deepEqual([bridgeOf(network), network.pods], ["knarr0", USUAL_PODS]);
    const other = bridge({ ...FIRST, bridge: "knarr0" });
    assert.match(
      refused({ given: true }, observed({ bridges: [other] })),
      /^the bridge knarr0 belongs to the cluster in/,
    );
    assert.match(refused({ given: true }, beside(FIRST)), /which a given containerd has to use, belongs to/);
    assert.match(
      refused({ given: true }, observed({ bridges: [{ name: "knarr0" }], earlierTable: true })),
      /^the bridge knarr0 belongs to a cluster of an earlier version/,
    );
  });

  test("whatever number of clusters there is: their ranges, bridges and addresses never meet", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 0xffffffff }), { maxLength: 20 }), (numbers) => {
        const all: NodeNetwork[] = [];
        for (const number of numbers) {
          const id = number.toString(16).padStart(8, "0");
          const machine = observed({ bridges: all.map((one) => bridge(one, `/data/${one.id}`)) });
          const plan = planNetwork(wanted({ id, dataDir: `/data/${id}` }), machine);
          if ("refused" in plan) assert.match(plan.refused, /^no range of addresses for Services is free/);
          else all.push(plan.network);
        }
        assert.equal(all.length, Math.min(numbers.length, 17));
        assert.equal(all.filter(({ machine }) => machine).length, Math.min(1, all.length));
        for (const key of ["pods", "services", "address", "id"] as const) {
          const values = all.map((one) => one[key]).filter(Boolean);
          assert.equal(new Set(values).size, values.length, key);
        }
        const blocks = all.flatMap(({ pods, services }) => [parseCidr(pods)!, parseCidr(services)!]);
        const ends = blocks.map(({ base, prefixLength }) => [base.bits, base.bits + (1n << BigInt(32 - prefixLength))]);
        ends.sort(([a], [b]) => Number(a! - b!));
        for (const [i, [start]] of ends.entries()) assert.ok(i === 0 || ends[i - 1]![1]! <= start!);
      }),
      { numRuns: 30 },
    );
  });
});
