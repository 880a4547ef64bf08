/** The proxy on a real kernel: nft, bridges and processes in network namespaces of the test's own. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createLog, createScope, sleep, systemClock, systemRandom, type Log, type Scope } from "#base";
import { createCaches, type SharedCaches } from "#client";
import {
  ENDPOINT_SLICES,
  keyOf,
  NODES,
  PODS,
  SERVICES,
  type Endpoint,
  type EndpointSlice,
  type Pod,
  type ResourceType,
  type Service,
} from "#objects";
import { createFakeClient, type FakeClient } from "#simulation";
import { removeTable } from "./host/remove-table.ts";
import type { ProxyContext } from "./rules/context.ts";
import { changes, renderAll } from "./rules/table-state.ts";
import { ruleset } from "./rules/ruleset.ts";
import { startProxy, type ServiceProxy } from "./proxy.ts";
import type { SyncInfo } from "./table-keeper.ts";
import { createTestNetwork, whyNoNetwork, type Agent, type TestNetwork } from "./testing/network.ts";
import { DRAINING, endpoint, NODE, pod, service, slice } from "./testing/objects.ts";

const why = await whyNoNetwork();
if (why) console.error(`SKIPPED: the proxy on a real kernel ${why}`);

const NODE_IP = "192.168.7.1";
const GATEWAY = "10.244.0.1";
const [A, B, C] = ["10.244.0.11", "10.244.0.12", "10.244.0.13"] as const;
const KINDS: readonly ResourceType[] = [SERVICES, ENDPOINT_SLICES, PODS];
const SERVICE_CIDR = "10.96.0.0/12";

describe("on a real kernel", { skip: why ?? false, concurrency: 1 }, () => {
  let network: TestNetwork;
  let a: Agent;
  let b: Agent;
  let c: Agent;
  let client: FakeClient;
  let caches: SharedCaches;
  let world: Scope;
  let running: Scope;
  let proxy: ServiceProxy;
  const syncs: SyncInfo[] = [];
  const lines: string[] = [];
  const log: Log = createLog((level, message, fields) => lines.push(`${level} ${message} ${JSON.stringify(fields)}`));

  const start = async () => {
    running = world.child("proxy");
    proxy = startProxy({
      services: caches.of(SERVICES),
      endpointSlices: caches.of(ENDPOINT_SLICES),
      pods: caches.of(PODS),
      nodes: caches.of(NODES),
      node: { name: "n1", addresses: [NODE_IP], podCidrs: ["10.244.0.0/24"], gateways: [`${GATEWAY}/24`] },
      clusterCidrs: ["10.244.0.0/16"],
      serviceCidrs: [SERVICE_CIDR],
      clock: systemClock,
      scope: running,
      log,
      run: network.run,
      onSync: (info) => syncs.push(info),
    });
    await proxy.settled();
  };
  /** Until the table has everything that was written. */
  const settle = async () => {
    for (const type of KINDS) {
      const cache = caches.of(type);
      const isSeen = () => {
        const all = client.all(type);
        return all.length === cache.size && all.every((one) => cache.get(keyOf(one)) === one);
      };
      while (!isSeen()) await sleep(systemClock, 1);
    }
    await proxy.settled();
  };
  /** What is there of Services, slices and pods from now on. */
  const set = async (objects: { services?: Service[]; slices?: EndpointSlice[]; pods?: Pod[] }) => {
    for (const type of KINDS) {
      for (const { metadata } of client.all(type)) {
        client.remove(type, { namespace: metadata.namespace ?? "", name: metadata.name ?? "" });
      }
    }
    for (const one of objects.services ?? []) await client.create(SERVICES, one);
    for (const one of objects.slices ?? []) await client.create(ENDPOINT_SLICES, one);
    for (const one of objects.pods ?? []) await client.create(PODS, one);
    await settle();
  };
  const setEndpoints = async (name: string, endpoints: readonly Endpoint[]) => {
    client.edit(ENDPOINT_SLICES, { namespace: "default", name: `${name}-1` }, (draft) => {
      draft["endpoints"] = endpoints;
    });
    await settle();
  };
  const ask = (agent: Agent, host: string, port = 80) => agent.do({ do: "ask", host, port });
  const askOften = async (agent: Agent, host: string, port = 80, times = 16) => {
    const answers = new Set<string>();
    for (let i = 0; i < times; i++) answers.add(await ask(agent, host, port));
    return [...answers].sort();
  };

  before(async () => {
    network = await createTestNetwork();
    const random = systemRandom;
    client = createFakeClient({ clock: systemClock, random });
    world = createScope("world");
    caches = createCaches({ client, scope: world.child("caches"), clock: systemClock, random, log });
    await start();
    [a, b, c] = [await network.addPod("a", A), await network.addPod("b", B), await network.addPod("c", C)];
    for (const agent of [a, b, network.node, network.outside]) {
      await agent.do({ do: "listen", protocol: "tcp", port: 8080 });
      await agent.do({ do: "listen", protocol: "udp", port: 8080 });
    }
  });
  after(async () => {
    await world?.close();
    await network?.close();
  });

  const web = (more: Partial<NonNullable<Service["spec"]>> = {}) =>
    service(
      "web",
      {
        clusterIP: "10.96.0.10",
        type: "LoadBalancer",
        externalIPs: ["198.51.100.1"],
        ports: [{ port: 80, protocol: "TCP", nodePort: 30080 }],
        ...more,
      },
      { loadBalancer: { ingress: [{ ip: "198.51.100.2" }, { ip: "127.0.0.5" }] } },
    );
  const both = slice("web", [endpoint(A), endpoint(B)]);
  const PATHS: readonly (readonly [who: string, host: string, port: number, seenAs: string])[] = [
    ["c", "10.96.0.10", 80, C],
    ["c", NODE_IP, 30080, GATEWAY],
    ["c", "198.51.100.1", 80, GATEWAY],
    ["c", "198.51.100.2", 80, GATEWAY],
    ["node", "10.96.0.10", 80, GATEWAY],
    ["node", NODE_IP, 30080, GATEWAY],
    ["node", "127.0.0.1", 30080, GATEWAY],
    ["node", "127.0.0.5", 80, GATEWAY],
    ["outside", NODE_IP, 30080, GATEWAY],
    ["outside", "198.51.100.1", 80, GATEWAY],
    ["outside", "198.51.100.2", 80, GATEWAY],
  ];
  const agentOf = (who: string): Agent =>
    ({ a, b, c, node: network.node, outside: network.outside })[who] ?? assert.fail(who);

  for (const [who, host, port, seenAs] of PATHS) {
    test(`${who} reaches both endpoints at ${host}:${port}, seen as ${seenAs}`, async () => {
      await set({ services: [web()], slices: [both] });
      assert.deepEqual(await askOften(agentOf(who), host, port), [`a ${seenAs}`, `b ${seenAs}`]);
    });
    test(`${who} at ${host}:${port} is refused at once when there is no endpoint`, async () => {
      await set({ services: [web()] });
      assert.equal(await ask(agentOf(who), host, port), "ECONNREFUSED");
    });
  }

  test("a pod reaches itself through its Service", async () => {
    await set({ services: [web()], slices: [slice("web", [endpoint(A)])] });
    assert.equal(await ask(a, "10.96.0.10"), `a ${GATEWAY}`);
  });

  test("another port of a ClusterIP is refused; an address that no Service has is silent", async () => {
    await set({ services: [web()], slices: [both] });
    assert.equal(await ask(c, "10.96.0.10", 81), "ECONNREFUSED");
    assert.equal(await ask(network.node, "10.96.0.10", 81), "ECONNREFUSED");
    assert.equal(await ask(c, "10.96.7.7"), "silence");
  });

  test("clients with affinity stay, also over a restart of the proxy", async () => {
    await set({ services: [web({ sessionAffinity: "ClientIP" })], slices: [both] });
    const [first, ...others] = await askOften(c, "10.96.0.10");
    assert.deepEqual(others, []);
    await running.close();
    assert.equal(await ask(c, "10.96.0.10"), first, "without a proxy the rules stay");
    const remembered = async () => {
      const table = await network.run("nft", ["list", "table", "ip", "knarr"]);
      return table.match(/10\.244\.0\.13 timeout 3h expires (2h59m|3h)/g)?.length;
    };
    assert.equal(await remembered(), 1);
    await start();
    assert.equal(await remembered(), 1);
    assert.deepEqual(await askOften(c, "10.96.0.10"), [first]);
    assert.deepEqual(await askOften(network.node, "10.96.0.10", 80, 4).then((all) => all.length), 1);
  });

  test("policy Local leads to endpoints of the node, which see the client, and is silent without any", async () => {
    const local = web({ externalTrafficPolicy: "Local" });
    await set({ services: [local], slices: [slice("web", [endpoint(A), endpoint(B, {}, { nodeName: "n2" })])] });
    assert.deepEqual(await askOften(network.outside, NODE_IP, 30080), ["a 192.168.7.9"]);
    assert.deepEqual(await askOften(network.outside, "198.51.100.2"), ["a 192.168.7.9"]);
    await setEndpoints("web", [endpoint(B, {}, { nodeName: "n2" })]);
    assert.equal(await ask(network.outside, NODE_IP, 30080), "silence");
    assert.equal(await ask(network.node, "127.0.0.1", 30080), `b ${GATEWAY}`, "the node is served by others");
    assert.equal(await ask(c, "198.51.100.2"), `b ${C}`, "and so are pods");
    await set({
      services: [web({ internalTrafficPolicy: "Local" })],
      slices: [slice("web", [endpoint(A), endpoint(B, {}, { nodeName: "n2" })])],
    });
    assert.deepEqual(await askOften(c, "10.96.0.10"), [`a ${C}`]);
  });

  test("source ranges bound who may enter by a load balancer, and not by the node port", async () => {
    await set({ services: [web({ loadBalancerSourceRanges: ["10.0.0.0/8"] })], slices: [both] });
    assert.equal(await ask(network.outside, "198.51.100.2"), "silence");
    assert.match(await ask(network.outside, NODE_IP, 30080), /^[ab] /);
    await set({ services: [web({ loadBalancerSourceRanges: ["192.168.7.0/24"] })], slices: [both] });
    assert.match(await ask(network.outside, "198.51.100.2"), /^[ab] /);
  });

  test("an endpoint on the node's own network is reached by every way", async () => {
    await set({ services: [web()], slices: [slice("web", [endpoint(NODE_IP)])] });
    for (const [who, host, port] of PATHS)
      assert.match(await ask(agentOf(who), host, port), /^node /, `${who} ${host}`);
  });

  test("connections to an endpoint that ends go on; new ones go elsewhere", async () => {
    for (const [agent, host, port] of [
      [c, "10.96.0.10", 80],
      [network.node, "10.96.0.10", 80],
      [network.outside, NODE_IP, 30080],
    ] as const) {
      await set({ services: [web()], slices: [slice("web", [endpoint(A)])] });
      assert.match(await agent.do({ do: "open", host, port, as: "kept" }), /^a /);
      await setEndpoints("web", [endpoint(A, DRAINING), endpoint(B)]);
      assert.match((await askOften(agent, host, port)).join(), /^b \S+$/);
      assert.match(await agent.do({ do: "ask-again", as: "kept" }), /^a /);
      await setEndpoints("web", [endpoint(B)]);
      assert.match(await agent.do({ do: "ask-again", as: "kept" }), /^a /, "even when it is no endpoint any more");
      await setEndpoints("web", [endpoint(A, DRAINING)]);
      assert.match(await ask(agent, host, port), /^a /, "the last one serves until it is gone");
    }
  });

  test("no request fails while endpoints come and go, as in a rolling update", async () => {
    await set({ services: [web()], slices: [slice("web", [endpoint(A)])] });
    let over = false;
    const failed: string[] = [];
    let asked = 0;
    const loops = (
      [
        [c, "10.96.0.10", 80],
        [network.node, "127.0.0.1", 30080],
        [network.outside, "198.51.100.2", 80],
      ] as const
    ).map(async ([agent, host, port]) => {
      while (!over) {
        const answer = await ask(agent, host, port);
        asked++;
        if (!/^[ab] /.test(answer)) failed.push(`${host} ${answer}`);
      }
    });
    for (let round = 0; round < 12; round++) {
      const [old, fresh] = round % 2 === 0 ? [A, B] : [B, A];
      const states = [
        [endpoint(old), endpoint(fresh, { ready: false, serving: false })],
        [endpoint(old), endpoint(fresh)],
        [endpoint(old, DRAINING), endpoint(fresh)],
        [endpoint(fresh)],
      ];
      for (const state of states) {
        await setEndpoints("web", state);
        const before = asked;
        while (asked < before + 3) await sleep(systemClock, 1);
      }
    }
    over = true;
    await Promise.all(loops);
    assert.deepEqual(failed, []);
    assert.ok(asked > 100);
  });

  test("a UDP client that keeps its port is led away from an endpoint that has gone", async () => {
    const dns = service("dns", {
      clusterIP: "10.96.0.53",
      type: "NodePort",
      ports: [{ port: 53, protocol: "UDP", nodePort: 30053 }],
    });
    const ports = [{ name: "", port: 8080, protocol: "UDP" }];
    for (const [agent, host, port] of [
      [c, "10.96.0.53", 53],
      [network.node, "10.96.0.53", 53],
      [network.outside, NODE_IP, 30053],
    ] as const) {
      const from = 4000 + port;
      const udp = () => agent.do({ do: "ask-udp", host, port, from });
      await set({ services: [dns], slices: [slice("dns", [endpoint(A)], { ports })] });
      assert.match(await udp(), /^a /);
      await setEndpoints("dns", [endpoint(A, DRAINING), endpoint(B)]);
      assert.match(await udp(), /^a /, "it still serves");
      await setEndpoints("dns", [endpoint(B)]);
      const answers = [await udp(), await udp(), await udp()];
      assert.match(answers.at(-1) ?? "", /^b /, answers.join());
      assert.match(await udp(), /^b /);
      // And back, while the old flow is still remembered.
      await setEndpoints("dns", [endpoint(A)]);
      const back = [await udp(), await udp(), await udp()];
      assert.match(back.at(-1) ?? "", /^a /, back.join());
    }
    await set({ services: [dns] });
    assert.equal(await c.do({ do: "ask-udp", host: "10.96.0.53", port: 53, from: 4999 }), "silence");
  });

  test("host ports of TCP and UDP lead to the pod, on all addresses or one", async () => {
    const ports = [
      { containerPort: 8080, hostPort: 9080 },
      { containerPort: 8080, hostPort: 9053, protocol: "UDP" },
      { containerPort: 8080, hostPort: 9081, hostIP: "127.0.0.1" },
    ];
    await set({ pods: [pod("a", A, ports)] });
    assert.equal(await ask(network.outside, NODE_IP, 9080), "a 192.168.7.9");
    assert.equal(await ask(network.node, NODE_IP, 9080), `a ${NODE_IP}`);
    assert.equal(await ask(network.node, "127.0.0.1", 9080), `a ${GATEWAY}`);
    assert.equal(await ask(c, NODE_IP, 9080), `a ${C}`);
    assert.equal(await ask(a, NODE_IP, 9080), `a ${GATEWAY}`);
    assert.equal(await network.outside.do({ do: "ask-udp", host: NODE_IP, port: 9053, from: 5000 }), "a 192.168.7.9");
    assert.equal(await ask(network.node, "127.0.0.1", 9081), `a ${GATEWAY}`);
    assert.equal(await ask(network.outside, NODE_IP, 9081), "ECONNREFUSED");
    await set({});
    assert.equal(await ask(network.outside, NODE_IP, 9080), "ECONNREFUSED");
  });

  test("pods reach the outside as the node, and each other as themselves", async () => {
    assert.equal(await ask(c, "192.168.7.9", 8080), `outside ${NODE_IP}`);
    assert.equal(await ask(c, A, 8080), `a ${C}`);
    assert.equal(await ask(network.node, A, 8080), `a ${GATEWAY}`);
  });

  test("one change among 1,000 Services sends only what changed", async () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({
      service: service(`s${i}`, { clusterIP: `10.97.${i >> 8}.${i & 255}` }),
      slice: slice(`s${i}`, [endpoint(A)]),
    }));
    await set({ services: many.map((one) => one.service), slices: many.map((one) => one.slice) });
    assert.equal(await ask(c, "10.97.1.0"), `a ${C}`);
    syncs.length = 0;
    await setEndpoints("s500", [endpoint(B)]);
    assert.equal(await ask(c, "10.97.1.244"), `b ${C}`);
    assert.deepEqual(
      syncs.map(({ whole, commands }) => ({ whole, commands })),
      [{ whole: false, commands: 4 }],
    );
    assert.ok((syncs[0]?.bytes ?? 0) < 800, JSON.stringify(syncs));
    // What an earlier proxy left is replaced, however much it is.
    await running.close();
    await start();
    assert.equal(syncs.at(-1)?.whole, true);
    assert.equal(await ask(c, "10.97.1.244"), `b ${C}`);
  });

  test("nft takes the IPv6 table, with everything a Service may have", async () => {
    const node: ProxyContext = {
      ...NODE,
      family: "ip6",
      moveUdpFlows: false,
      podCidrs: ["fd00:1::/64"],
      clusterCidrs: ["fd00:1::/48"],
      serviceCidrs: ["fd00:2::/108"],
      nodeAddresses: ["fd00:7::1"],
    };
    const six = (protocol: string, number: number) => ({
      service: service(
        `six-${protocol.toLowerCase()}`,
        {
          clusterIP: `fd00:2::${number}`,
          externalTrafficPolicy: "Local",
          externalIPs: [`fd00:9::${number}`],
          loadBalancerSourceRanges: ["fd00:7::/64", "fd00:7::/96"],
          sessionAffinity: "ClientIP",
          ports: [{ port: 80, protocol, nodePort: 30000 + number }],
        },
        { loadBalancer: { ingress: [{ ip: `fd00:8::${number}` }] } },
      ),
      slice: slice(`six-${protocol.toLowerCase()}`, [endpoint("fd00:1::5"), endpoint("fd00:1::6")], {
        addressType: "IPv6",
        ports: [{ name: "", port: 8080, protocol }],
      }),
    });
    const all = [six("TCP", 2), six("UDP", 3), six("SCTP", 4)];
    const objects = { services: all.map((one) => one.service), endpointSlices: all.map((one) => one.slice) };
    const rules = ruleset(objects, node);
    await network.run("nft", ["-f", "-"], renderAll(rules));
    const emptied = ruleset({ ...objects, endpointSlices: [] }, node);
    await network.run("nft", ["-f", "-"], changes(rules, emptied));
    await network.run("nft", ["-f", "-"], changes(emptied, rules));
    const table = await network.run("nft", ["list", "table", "ip6", "knarr"]);
    assert.match(table, /fd00:2::4 \. sctp \. 80 : goto service-\S+\/six-sctp/);
  });

  test("rules that another program removed come back with the next change, and the log says why", async () => {
    await set({ services: [web()], slices: [both] });
    await network.run("nft", ["flush", "ruleset"]);
    lines.length = 0;
    await setEndpoints("web", [endpoint(A)]);
    assert.equal(await ask(c, "10.96.0.10"), `a ${C}`);
    // The look that comes every two seconds may be first.
    const why = /^(error nft refused the rules.*No such file|warn another program has removed the rules)/s;
    assert.ok(
      lines.some((line) => why.test(line)),
      lines.join("\n"),
    );
    assert.ok(proxy.healthy);
  });

  test("a table, its rules or the bridge that are taken away are put back within seconds, without a change", async () => {
    await set({ services: [web()], slices: [both] });
    const within = async (what: string, look: () => Promise<boolean>) => {
      const due = systemClock.monotonic() + 15_000;
      while (!(await look())) {
        assert.ok(systemClock.monotonic() < due, `${what}: ${lines.join("\n")}`);
        await sleep(systemClock, 100);
      }
    };
    const answers = async () => /^[ab] /.test(await ask(c, "10.96.0.10"));
    await network.run("nft", ["delete", "table", "ip", "knarr"]);
    await within("after the table", answers);
    await network.run("nft", ["flush", "table", "ip", "knarr"]);
    await within("after its rules", answers);

    await network.run("ip", ["link", "delete", "dev", "knarr0"]);
    const isThere = async () => (await network.run("ip", ["route"])).match(/dev knarr0/g)?.length === 2;
    await within("the bridge", isThere);
    for (const name of ["a", "b", "c"]) await network.run("ip", ["link", "set", `veth-${name}`, "master", "knarr0"]);
    await within("after the bridge", answers);
    await network.run("ip", ["route", "del", SERVICE_CIDR, "dev", "knarr0"]);
    await within("the route", isThere);
  });

  test("Services work on a node whose kernel does not show bridged packets and whose firewall drops by default", async () => {
    await set({ services: [web()], slices: [both] });
    await network.run("sh", ["-c", "echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables || true"]);
    await network.run(
      "nft",
      ["-f", "-"],
      "add table ip filter\nadd chain ip filter FORWARD { type filter hook forward priority 0 ; policy drop ; }\n",
    );
    assert.equal(await ask(c, "10.96.0.10"), "silence", "so it is without the proxy's doing");
    await running.close();
    await start();
    const twoLooks = async () => [
      await askOften(c, "10.96.0.10"),
      await ask(c, A, 8080),
      await ask(c, "192.168.7.9", 8080),
    ];
    const good = [[`a ${C}`, `b ${C}`], `a ${C}`, `outside ${NODE_IP}`];
    for (let looks = 0; JSON.stringify(await twoLooks()) !== JSON.stringify(good); looks++)
      assert.ok(looks < 20, lines.join("\n"));
    await running.close();
    await start();
    const chain = await network.run("nft", ["list", "chain", "ip", "filter", "FORWARD"]);
    assert.equal(chain.match(/accept/g)?.length, 2, "once, however often it is started");
  });

  test("the proxy's removal leaves nothing", async () => {
    await running.close();
    await removeTable({ run: network.run, serviceCidrs: [SERVICE_CIDR] });
    assert.doesNotMatch(await network.run("nft", ["list", "ruleset"]), /knarr/);
    assert.doesNotMatch(await network.run("ip", ["route"]), /10\.96/);
    await removeTable({ run: network.run, serviceCidrs: [SERVICE_CIDR] });
    await start();
    assert.match(await ask(c, "10.96.0.10"), /^[ab] /);
  });
});
