import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EndpointSlice, Pod, Service, ServiceSpec } from "#objects";
import { DRAINING, endpoint, NODE, pod, service, slice } from "../testing/objects.ts";
import { Router, type Packet } from "../testing/route.ts";
import { baseTable } from "./base-table.ts";
import type { ProxyContext } from "./context.ts";
import { ruleset } from "./ruleset.ts";
import { healthCheckPort } from "./service-port.ts";

const OUTSIDE = "203.0.113.9";
const NODE_IP = "192.168.7.1";
const POD = "10.244.0.50";
const VIP = "10.96.0.10";
const UNREADY = { ready: false, serving: false } as const;

interface World {
  readonly services?: readonly Service[];
  readonly slices?: readonly EndpointSlice[];
  readonly pods?: readonly Pod[];
  readonly node?: Partial<ProxyContext>;
}

/** Where a packet goes: `10.244.0.5:8080`, with `*` when masqueraded; dropped, rejected, reset. */
function fateOf({ services = [], slices = [], pods = [], node = {} }: World, packet: Packet, chance: number | "lost") {
  const rules = ruleset({ services, endpointSlices: slices, pods }, { ...NODE, ...node });
  const fate = new Router(rules, [NODE_IP, "10.244.0.1"]).route(packet, chance);
  return fate.type === "delivered" ? `${fate.to.ip}:${fate.to.port}${fate.masqueraded ? "*" : ""}` : fate.type;
}

/** Where packets go, each of many by another chance. */
function fates(world: World, packet: Packet): readonly string[] {
  const all = Array.from({ length: 12 }, (_, i) => fateOf(world, packet, i / 12));
  return [...new Set(all)].sort();
}

const a = endpoint("10.244.0.5");
const b = endpoint("10.244.0.6");
const elsewhere = endpoint("10.244.1.7", {}, { nodeName: "n2" });
const A = "10.244.0.5:8080";
const B = "10.244.0.6:8080";

describe("a Service", () => {
  const spec: Partial<ServiceSpec> = {
    clusterIP: VIP,
    type: "LoadBalancer",
    externalIPs: ["198.51.100.1"],
    ports: [{ port: 80, protocol: "TCP", nodePort: 30080 }],
  };
  const status = { loadBalancer: { ingress: [{ ip: "198.51.100.2" }, { ip: "198.51.100.3", ipMode: "Proxy" }] } };
  const web = (more: Partial<ServiceSpec> = {}) => service("web", { ...spec, ...more }, status);
  const to = (ip: string, port = 80, from = OUTSIDE): Packet => ({ from, to: ip, port });
  const LOCAL = { externalTrafficPolicy: "Local" };
  const both = [slice("web", [a, b])];

  const cases: readonly (readonly [what: string, world: World, packet: Packet, expected: readonly string[]])[] = [
    ["ClusterIP from a pod", { services: [web()], slices: both }, to(VIP, 80, POD), [A, B]],
    ["ClusterIP from the node", { services: [web()], slices: both }, to(VIP, 80, NODE_IP), [`${A}*`, `${B}*`]],
    ["ClusterIP from outside", { services: [web()], slices: both }, to(VIP), [`${A}*`, `${B}*`]],
    [
      "a pod that reaches itself",
      { services: [web()], slices: [slice("web", [a])] },
      to(VIP, 80, "10.244.0.5"),
      [`${A}*`],
    ],
    ["another port of the ClusterIP", { services: [web()], slices: both }, to(VIP, 81, POD), ["reset"]],
    ["an address that no Service has", { services: [web()], slices: both }, to("10.96.7.7", 80, POD), ["dropped"]],
    ["external address", { services: [web()], slices: both }, to("198.51.100.1"), [`${A}*`, `${B}*`]],
    ["load balancer", { services: [web()], slices: both }, to("198.51.100.2"), [`${A}*`, `${B}*`]],
    ["a balancer that proxies by itself", { services: [web()], slices: both }, to("198.51.100.3"), ["198.51.100.3:80"]],
    ["NodePort", { services: [web()], slices: both }, to(NODE_IP, 30080), [`${A}*`, `${B}*`]],
    [
      "NodePort on loopback",
      { services: [web()], slices: both },
      to("127.0.0.1", 30080, "127.0.0.1"),
      [`${A}*`, `${B}*`],
    ],
    [
      "NodePort on loopback, if not wanted",
      { services: [web()], slices: both, node: { loopback: false } },
      to("127.0.0.1", 30080, "127.0.0.1"),
      ["127.0.0.1:30080"],
    ],
    [
      "NodePort on an address that is not among those chosen",
      { services: [web()], slices: both, node: { nodePortAddresses: ["192.168.8.0/24"] } },
      to(NODE_IP, 30080),
      [`${NODE_IP}:30080`],
    ],
    [
      "nothing ready: ClusterIP",
      { services: [web()], slices: [slice("web", [endpoint("10.244.0.5", UNREADY)])] },
      to(VIP, 80, POD),
      ["reset"],
    ],
    ["no slices: ClusterIP from the node", { services: [web()] }, to(VIP, 80, NODE_IP), ["reset"]],
    ["no slices: NodePort", { services: [web()] }, to(NODE_IP, 30080), ["reset"]],
    ["no slices: load balancer", { services: [web()] }, to("198.51.100.2"), ["reset"]],
    [
      "an endpoint that ends is spared while another is ready",
      { services: [web()], slices: [slice("web", [a, endpoint("10.244.0.6", DRAINING)])] },
      to(VIP, 80, POD),
      [A],
    ],
    [
      "the last endpoints serve until they are gone",
      {
        services: [web()],
        slices: [slice("web", [endpoint("10.244.0.5", UNREADY), endpoint("10.244.0.6", DRAINING)])],
      },
      to(VIP, 80, POD),
      [B],
    ],
    [
      "an address of two pods counts as that of the one that stays",
      {
        services: [web()],
        slices: [
          slice("web", [a]),
          slice("web", [endpoint("10.244.0.5", DRAINING)], {
            metadata: { name: "web-2", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
          }),
        ],
      },
      to(VIP, 80, POD),
      [A],
    ],
    [
      "policy Local from outside",
      { services: [web(LOCAL)], slices: [slice("web", [a, elsewhere])] },
      to(NODE_IP, 30080),
      [A],
    ],
    [
      "policy Local, nothing here: silence outside",
      { services: [web(LOCAL)], slices: [slice("web", [elsewhere])] },
      to("198.51.100.2"),
      ["dropped"],
    ],
    [
      "policy Local, nothing here: pods are served",
      { services: [web(LOCAL)], slices: [slice("web", [elsewhere])] },
      to("198.51.100.2", 80, POD),
      ["10.244.1.7:8080"],
    ],
    [
      "policy Local, nothing here: the node is served",
      { services: [web(LOCAL)], slices: [slice("web", [elsewhere])] },
      to("198.51.100.2", 80, NODE_IP),
      ["10.244.1.7:8080*"],
    ],
    ["policy Local, nothing anywhere", { services: [web(LOCAL)] }, to("198.51.100.2"), ["reset"]],
    [
      "internal policy Local",
      { services: [web({ internalTrafficPolicy: "Local" })], slices: [slice("web", [a, elsewhere])] },
      to(VIP, 80, POD),
      [A],
    ],
    [
      "internal policy Local, nothing here",
      { services: [web({ internalTrafficPolicy: "Local" })], slices: [slice("web", [elsewhere])] },
      to(VIP, 80, POD),
      ["dropped"],
    ],
    [
      "source ranges: allowed",
      { services: [web({ loadBalancerSourceRanges: [" 203.0.113.0/24"] })], slices: [slice("web", [a])] },
      to("198.51.100.2"),
      [`${A}*`],
    ],
    [
      "source ranges: refused",
      { services: [web({ loadBalancerSourceRanges: ["10.0.0.0/24"] })], slices: [slice("web", [a])] },
      to("198.51.100.2"),
      ["dropped"],
    ],
    [
      "source ranges do not concern NodePorts",
      { services: [web({ loadBalancerSourceRanges: ["10.0.0.0/24"] })], slices: [slice("web", [a])] },
      to(NODE_IP, 30080),
      [`${A}*`],
    ],
    [
      "source ranges: every client",
      { services: [web({ loadBalancerSourceRanges: ["0.0.0.0/0"] })], slices: [slice("web", [a])] },
      to("198.51.100.2"),
      [`${A}*`],
    ],
    [
      "UDP is another protocol",
      { services: [web()], slices: both },
      { ...to(VIP, 80, POD), protocol: "udp" },
      ["rejected"],
    ],
    ["headless", { services: [service("web", { clusterIP: "None" })], slices: both }, to(VIP, 80, POD), ["dropped"]],
    [
      "ExternalName",
      { services: [service("web", { clusterIP: VIP, type: "ExternalName" })], slices: both },
      to(VIP, 80, POD),
      ["dropped"],
    ],
    [
      "another proxy's",
      {
        services: [
          {
            ...web(),
            metadata: {
              name: "web",
              namespace: "default",
              labels: { "service.kubernetes.io/service-proxy-name": "x" },
            },
          },
        ],
        slices: both,
      },
      to(VIP, 80, POD),
      ["dropped"],
    ],
  ];
  for (const [what, world, packet, expected] of cases) {
    test(`leads a packet where upstream does, or to a safe end while rules are replaced: ${what}`, () => {
      assert.deepEqual(fates(world, packet), expected);
      const lost = fateOf(world, packet, "lost");
      assert.ok(expected.includes(lost), `while the rules are replaced: ${lost}`);
    });
  }

  test("leads to near endpoints when all of them have hints", () => {
    const hinted = (ip: string, hints: object) => endpoint(ip, {}, { hints });
    const node = { zone: "z1" };
    const zones = [
      hinted("10.244.0.5", { forZones: [{ name: "z1" }] }),
      hinted("10.244.0.6", { forZones: [{ name: "z2" }] }),
    ];
    const at = (endpoints: readonly ReturnType<typeof endpoint>[], where: Partial<ProxyContext> = node) =>
      fates({ services: [web()], slices: [slice("web", endpoints)], node: where }, to(VIP, 80, POD));
    assert.deepEqual(at(zones), [A]);
    assert.deepEqual(at(zones, { zone: "z3" }), [A, B], "no hint for this zone");
    assert.deepEqual(at(zones, {}), [A, B], "the node has no zone");
    assert.deepEqual(at([zones[0]!, b]), [A, B], "an endpoint without a hint");
    const nodes = [
      hinted("10.244.0.5", { forZones: [{ name: "z1" }], forNodes: [{ name: "n2" }] }),
      hinted("10.244.0.6", { forZones: [{ name: "z2" }], forNodes: [{ name: "n1" }] }),
    ];
    assert.deepEqual(at(nodes), [B], "the node before the zone");
  });

  test("keeps a client with affinity at its endpoint", () => {
    const sticky = web({ sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } });
    const router = new Router(ruleset({ services: [sticky], endpointSlices: both }, NODE), [NODE_IP]);
    assert.equal(router.route(to(VIP, 80, "10.244.0.51"), "lost").type, "delivered");
    const first = router.route(to(VIP, 80, POD), 0.9);
    for (const chance of [0, 0.3, 0.6]) {
      assert.deepEqual(router.route(to(VIP, 80, POD), chance), first);
      assert.deepEqual(router.route(to("198.51.100.2", 80, POD), chance), { ...first, masqueraded: true });
    }
  });

  test("leads each named port to its own target port", () => {
    const ports = [
      { name: "http", port: 80, protocol: "TCP" },
      { name: "dns", port: 53, protocol: "UDP" },
    ];
    const slices = [
      slice("web", [a], {
        ports: [
          { name: "dns", port: 1053, protocol: "UDP" },
          { name: "http", port: 8080, protocol: "TCP" },
        ],
      }),
    ];
    const world = { services: [web({ ports })], slices };
    assert.deepEqual(fates(world, to(VIP, 80, POD)), [A]);
    assert.deepEqual(fates(world, { ...to(VIP, 53, POD), protocol: "udp" }), ["10.244.0.5:1053"]);
  });

  test("has a port for health checks only as a balancer with policy Local", () => {
    assert.equal(healthCheckPort(web({ ...LOCAL, healthCheckNodePort: 31000 })), 31000);
    assert.equal(healthCheckPort(web({ healthCheckNodePort: 31000 })), 0);
    assert.equal(healthCheckPort(web({ ...LOCAL, type: "NodePort", healthCheckNodePort: 31000 })), 0);
  });
});

describe("host ports", () => {
  const web = pod("web", "10.244.0.5", [{ containerPort: 8080, hostPort: 80 }]);
  const from = (ip: string, to: string, port = 80): Packet => ({ from: ip, to, port });
  const only = pod("only", "10.244.0.6", [{ containerPort: 8080, hostPort: 81, hostIP: NODE_IP }]);

  test("lead to the pod, from outside, the node, loopback and the pod itself", () => {
    const world = { pods: [web, only] };
    assert.deepEqual(fates(world, from(OUTSIDE, NODE_IP)), [A]);
    assert.deepEqual(fates(world, from(NODE_IP, NODE_IP)), [A]);
    assert.deepEqual(fates(world, from("127.0.0.1", "127.0.0.1")), [`${A}*`]);
    assert.deepEqual(fates(world, from("10.244.0.5", NODE_IP)), [`${A}*`]);
    assert.deepEqual(fates(world, from(OUTSIDE, NODE_IP, 81)), [B]);
    assert.deepEqual(fates(world, from("127.0.0.1", "127.0.0.1", 81)), ["127.0.0.1:81"], "on its address only");
  });

  test("lead nowhere for pods on the node's network, without an address, or at their end", () => {
    const nothing = [
      { ...web, spec: { ...web.spec!, hostNetwork: true } },
      { ...web, status: { phase: "Pending" } },
      { ...web, status: { ...web.status, phase: "Succeeded" } },
    ];
    for (const one of nothing) assert.deepEqual(fates({ pods: [one] }, from(OUTSIDE, NODE_IP)), [`${NODE_IP}:80`]);
  });
});

test("what pods send to the outside comes from the node; what they send each other comes from them", () => {
  assert.deepEqual(fates({}, { from: POD, to: OUTSIDE, port: 443 }), [`${OUTSIDE}:443*`]);
  assert.deepEqual(fates({}, { from: POD, to: "10.244.1.9", port: 443 }), ["10.244.1.9:443"]);
  assert.deepEqual(fates({}, { from: OUTSIDE, to: "203.0.113.77", port: 443 }), ["203.0.113.77:443"]);
});

test("a node beside another cluster's answers on its own addresses only, and is asked first", () => {
  const own = "10.244.0.1";
  const node = { confined: true, nodePortAddresses: [own], nodeAddresses: [own] };
  const spec = { type: "NodePort", clusterIP: VIP, ports: [{ port: 80, nodePort: 30080 }] };
  const world = {
    node,
    services: [service("web", spec)],
    slices: [slice("web", [a])],
    pods: [pod("web", "10.244.0.6", [{ containerPort: 8080, hostPort: 80 }])],
  };
  const fate = (to: string, port: number) => fates(world, { from: OUTSIDE, to, port });
  assert.deepEqual(fate(own, 30080), [`${A}*`]);
  assert.deepEqual(fate(own, 80), [B]);
  for (const to of [NODE_IP, "127.0.0.1"]) {
    assert.deepEqual(fate(to, 30080), [`${to}:30080`]);
    assert.deepEqual(fate(to, 80), [`${to}:80`]);
  }
  const priority = (one: Partial<ProxyContext>) =>
    baseTable({ ...NODE, ...one }).chains.find(({ hook }) => hook?.type === "nat" && hook.hook === "prerouting")!.hook!
      .priority;
  assert.ok(priority(node) < priority({}));
});
