import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Endpoint, EndpointSlice, Pod, Service } from "#objects";
import { createFakeTable } from "../testing/nft-text.ts";
import { DRAINING, endpoint, NODE, pod, service, slice } from "../testing/objects.ts";
import { Router } from "../testing/route.ts";
import { changes, renderAll, TableState } from "./table-state.ts";
import { baseTable } from "./base-table.ts";
import { ruleset } from "./ruleset.ts";

interface World {
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
}

const UNREADY = { ready: false, serving: false } as const;
const POD_IPS = ["10.244.0.5", "10.244.0.6", "10.244.0.7"];

const endpoints = fc.uniqueArray(
  fc.record({
    ip: fc.constantFrom(...POD_IPS),
    state: fc.constantFrom({}, {}, UNREADY, DRAINING),
    node: fc.constantFrom("n1", "n2"),
  }),
  { selector: ({ ip }) => ip, maxLength: 3 },
);
const protocols = fc.constantFrom("TCP", "UDP");

/** Few names and addresses, so that things change, and Services get into each other's way. */
const oneService = fc
  .record({
    name: fc.constantFrom("a", "b", "c"),
    ip: fc.constantFrom("10.96.0.1", "10.96.0.2"),
    external: fc.constantFrom([], ["198.51.100.1"]),
    nodePort: fc.constantFrom(0, 30001, 30002),
    affinity: fc.constantFrom(undefined, 60, 120),
    local: fc.boolean(),
    internalLocal: fc.boolean(),
    protocol: protocols,
    ranges: fc.constantFrom([], ["203.0.113.0/24"]),
    endpoints,
  })
  .map((one) => {
    const spec = {
      clusterIP: one.ip,
      type: "LoadBalancer",
      externalIPs: one.external,
      externalTrafficPolicy: one.local ? "Local" : "Cluster",
      internalTrafficPolicy: one.internalLocal ? "Local" : "Cluster",
      loadBalancerSourceRanges: one.ranges,
      ports: [{ port: 80, protocol: one.protocol, ...(one.nodePort ? { nodePort: one.nodePort } : {}) }],
      ...(one.affinity === undefined
        ? {}
        : { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: one.affinity } } }),
    };
    const list: Endpoint[] = one.endpoints.map(({ ip, state, node }) => endpoint(ip, state, { nodeName: node }));
    return {
      service: service(one.name, spec, { loadBalancer: { ingress: [{ ip: "198.51.100.2" }] } }),
      slice: slice(one.name, list, { ports: [{ name: "", port: 8080, protocol: one.protocol }] }),
    };
  });

const onePod = fc
  .record({
    name: fc.constantFrom("p", "q"),
    ip: fc.constantFrom(...POD_IPS),
    port: fc.constantFrom(80, 81),
    protocol: protocols,
  })
  .map(({ name, ip, port, protocol }) => pod(name, ip, [{ containerPort: 8080, hostPort: port, protocol }]));

const worlds: fc.Arbitrary<World> = fc
  .record({
    services: fc.uniqueArray(oneService, { selector: (one) => one.service.metadata.name, maxLength: 3 }),
    pods: fc.uniqueArray(onePod, { selector: (one) => one.metadata.name, maxLength: 2 }),
  })
  .map(({ services, pods }) => ({
    services: services.map((one) => one.service),
    endpointSlices: services.map((one) => one.slice),
    pods,
  }));

/** What the table remembers of the past on purpose. */
const isMemory = (line: string) => line.startsWith("gone-udp-endpoints has");

describe("changes", () => {
  test("make any table into any other, as if it had been made afresh", () => {
    fc.assert(
      fc.property(fc.array(worlds, { minLength: 2, maxLength: 5 }), (steps) => {
        const table = createFakeTable();
        let before = ruleset({ services: [], endpointSlices: [] }, NODE);
        table.run(renderAll(before));
        for (const step of steps) {
          const after = ruleset(step, NODE);
          table.run(changes(before, after));
          const fresh = createFakeTable();
          fresh.run(renderAll(after));
          assert.deepEqual(
            table.dump().filter((line) => !isMemory(line)),
            fresh.dump(),
          );
          assert.equal(changes(after, ruleset(step, NODE)), "", "nothing to do for what is equal");
          before = after;
        }
      }),
    );
  });

  test("come to the same when they are gathered over several steps, or told only in part", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(worlds, fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 6 }), (steps) => {
        const state = new TableState("ip", "knarr", baseTable(NODE));
        const table = createFakeTable();
        table.run(state.takeAll());
        let before = ruleset({ services: [], endpointSlices: [] }, NODE);
        for (const [step, told, cleaned] of steps) {
          const after = ruleset(step, NODE);
          for (const owner of before.fragments.keys()) if (!after.fragments.has(owner)) state.put(owner, undefined);
          for (const [owner, fragment] of after.fragments) state.put(owner, fragment);
          before = after;
          if (told) table.run(state.takeChanges());
          if (told && cleaned) table.run(state.takeStale());
        }
        table.run(state.takeChanges());
        const fresh = createFakeTable();
        fresh.run(renderAll(before));
        assert.deepEqual(
          table.dump().filter((line) => !isMemory(line)),
          fresh.dump(),
        );
      }),
    );
  });

  test("to one Service among a thousand concern only what belongs to it", () => {
    const many = (changed: readonly Endpoint[]): World => ({
      services: Array.from({ length: 1000 }, (_, i) => service(`s${i}`, { clusterIP: `10.97.${i >> 8}.${i & 255}` })),
      endpointSlices: Array.from({ length: 1000 }, (_, i) =>
        slice(`s${i}`, i === 500 ? changed : [endpoint("10.244.0.5"), endpoint("10.244.0.6")]),
      ),
      pods: [],
    });
    const two = [endpoint("10.244.0.5"), endpoint("10.244.0.6")];
    const text = changes(ruleset(many(two), NODE), ruleset(many([...two, endpoint("10.244.0.9")]), NODE));
    const commands = text.trim().split("\n");
    assert.deepEqual(
      commands.map((line) => line.split(" ").slice(0, 2).join(" ")),
      ["add chain", "flush chain", "add rule", "add rule", "add element"],
      text,
    );
    assert.ok(
      commands.every((line) => line.includes("/s500/") || line.includes("10.244.0.9")),
      text,
    );
    assert.equal(changes(ruleset(many(two), NODE), ruleset(many(two), NODE)), "");
  });

  test("move an address from one Service to another in one step", () => {
    const at = (name: string): World => ({
      services: [service(name, { clusterIP: "10.96.0.1" })],
      endpointSlices: [slice(name, [endpoint("10.244.0.5")])],
      pods: [],
    });
    const table = createFakeTable();
    table.run(renderAll(ruleset(at("old"), NODE)));
    table.run(changes(ruleset(at("old"), NODE), ruleset(at("new"), NODE)));
    assert.ok(table.dump().some((line) => /^service-ips has 10\.96\.0\.1 \. tcp \. 80 => goto \S+\/new\//.test(line)));
  });

  test("of two Services with one external address the first by name has it, and the other when that goes", () => {
    const at = (names: readonly string[]): World => ({
      services: names.map((name, i) => service(name, { clusterIP: `10.96.0.${i + 1}`, externalIPs: ["198.51.100.1"] })),
      endpointSlices: names.map((name) => slice(name, [endpoint("10.244.0.5")])),
      pods: [],
    });
    const table = createFakeTable();
    const holders = () =>
      table.dump().flatMap((line) => /^service-ips has 198\.\S+ .* => goto \S+default\/(\w)\//.exec(line)?.[1] ?? []);
    table.run(renderAll(ruleset(at(["b"]), NODE)));
    assert.deepEqual(holders(), ["b"]);
    table.run(changes(ruleset(at(["b"]), NODE), ruleset(at(["b", "a"]), NODE)));
    assert.deepEqual(holders(), ["a"]);
    table.run(changes(ruleset(at(["b", "a"]), NODE), ruleset(at(["b"]), NODE)));
    assert.deepEqual(holders(), ["b"]);
  });

  test("a UDP endpoint that goes is remembered, until it is there again", () => {
    const udp = (ips: readonly string[]) =>
      ruleset(
        {
          services: [service("d", { clusterIP: "10.96.0.1", ports: [{ port: 53, protocol: "UDP" }] })],
          endpointSlices: [
            slice(
              "d",
              ips.map((ip) => endpoint(ip)),
              { ports: [{ name: "", port: 53, protocol: "UDP" }] },
            ),
          ],
        },
        NODE,
      );
    const two = udp(["10.244.0.5", "10.244.0.6"]);
    const state = new TableState("ip", "knarr", two.base);
    const put = (rules: typeof two) => {
      for (const [owner, fragment] of rules.fragments) state.put(owner, fragment);
    };
    const table = createFakeTable();
    put(two);
    table.run(state.takeAll());
    const gone = () => table.dump().filter(isMemory);
    assert.deepEqual(gone(), []);
    put(udp(["10.244.0.6"]));
    table.run(state.takeChanges());
    assert.deepEqual(gone(), ["gone-udp-endpoints has 10.244.0.5 . 53 => "]);
    put(two);
    table.run(state.takeChanges());
    assert.deepEqual(gone(), []);
  });
});

test("whatever the Services: a ClusterIP leads to endpoints that are ready, or that end if none is, and nowhere else", () => {
  fc.assert(
    fc.property(worlds, fc.double({ min: 0, max: 0.999, noNaN: true }), (world, chance) => {
      // Of two Services with one address it is another test who gets it.
      const ips = world.services.map(({ spec }) => spec?.clusterIP);
      fc.pre(new Set(ips).size === ips.length);
      const router = new Router(ruleset(world, NODE), NODE.nodeAddresses);
      for (const [i, one] of world.services.entries()) {
        const protocol = one.spec?.ports?.[0]?.protocol === "UDP" ? "udp" : "tcp";
        const all = world.endpointSlices[i]?.endpoints ?? [];
        const here =
          one.spec?.internalTrafficPolicy === "Local" ? all.filter(({ nodeName }) => nodeName === "n1") : all;
        const ready = here.filter(({ conditions }) => conditions?.ready);
        const draining = here.filter(({ conditions }) => conditions?.terminating && conditions.serving);
        const expected = (ready.length > 0 ? ready : draining).map(({ addresses }) => `${addresses[0]}:8080`);
        const packet = { from: "10.244.0.99", to: one.spec?.clusterIP ?? "", port: 80, protocol } as const;
        const fate = router.route(packet, chance);
        if (fate.type === "delivered") {
          assert.ok(
            expected.includes(`${fate.to.ip}:${fate.to.port}`),
            "an endpoint of the Service that may have traffic",
          );
          const again = router.route(packet, (chance + 0.5) % 1);
          if (one.spec?.sessionAffinity) assert.deepEqual(again, fate);
        } else {
          assert.deepEqual(expected, []);
          const usable = all.some(
            ({ conditions }) => conditions?.ready || (conditions?.terminating && conditions.serving),
          );
          const refused = protocol === "tcp" ? "reset" : "rejected";
          assert.equal(fate.type, usable ? "dropped" : refused);
        }
      }
    }),
  );
});
