import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { skipUnlessReal } from "./support/machine.ts";
import { createNeighbour, type TestNamespace } from "./support/network-namespace.ts";
import { startRealCluster, type RealCluster } from "./support/real-cluster.ts";
import { get, request } from "./support/requests.ts";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";
import { untilReady } from "./support/pods.ts";
import {
  clientIn,
  listOf,
  serverDeployment,
  serverPod,
  service,
  startClient,
  untilAnswers,
} from "./support/servers.ts";

const skip = await skipUnlessReal();

interface ServiceSeen {
  readonly spec: { readonly clusterIP: string; readonly ports: readonly { readonly nodePort: number }[] };
}

interface SliceSeen {
  readonly items: readonly {
    readonly endpoints:
      | readonly {
          readonly addresses: readonly string[];
          readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean };
        }[]
      | null;
  }[];
}

const UDP = { name: "udp", containerPort: 9090, protocol: "UDP" };
const HTTP = { name: "http", containerPort: 8080 };
const BOTH = { args: ["--udp", "9090"], ports: [HTTP, UDP] };
const ADDRESS = /^\d+(\.\d+){3}/;

describe("Services and Pods on the network (S6 to S8)", { skip, concurrency: 3 }, () => {
  let cluster: RealCluster;
  let namespace: TestNamespace;
  let outside: TestNamespace & { readonly gateway: string };
  before(async () => {
    cluster = await startRealCluster();
    namespace = cluster.namespace;
    outside = await createNeighbour(namespace);
  });
  after(async () => {
    await outside?.[Symbol.asyncDispose]();
    assert.deepEqual(await cluster?.end(), []);
  });

  const clusterIp = async (kubectl: Kubectl, name: string) =>
    (await kubectl.json<ServiceSeen>("service", name)).spec.clusterIP;
  const podIp = (kubectl: Kubectl, name: string) => kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}");
  const podNames = async (kubectl: Kubectl, selector: string) =>
    (await kubectl("get", "pods", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}")).split(" ").sort();
  const endpointsOf = async (kubectl: Kubectl, name: string) => {
    const { items } = await kubectl.json<SliceSeen>("endpointslices", "-l", `kubernetes.io/service-name=${name}`);
    return items.flatMap(({ endpoints }) => endpoints ?? []);
  };

  test("every way in leads to every Pod; a ClusterIP is no way in from outside", async () => {
    const kubectl = await cluster.inNamespace("ways");
    const ports = [
      { name: "http", port: 80, targetPort: "http" },
      { name: "udp", port: 80, targetPort: "udp", protocol: "UDP" },
    ];
    const external = "192.0.2.77";
    await kubectl.apply(
      listOf(
        serverDeployment("web", 2, BOTH),
        service("web", { type: "LoadBalancer", ports, externalIPs: [external] }),
      ),
    );
    const elsewhere = await cluster.inNamespace("ways-elsewhere");
    const [client, stranger, onHost] = await Promise.all([
      startClient(kubectl),
      startClient(elsewhere),
      startClient(elsewhere, "on-host", { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }),
    ]);
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const { spec } = await kubectl.json<ServiceSeen>("service", "web");
    const balancer = await eventually("an address of the balancer", async () => {
      const found = await kubectl("get", "service", "web", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}");
      return found || undefined;
    });
    const pods = await podNames(kubectl, "app=web");
    const node = namespace.address;
    const everywhere = [
      ...[`${spec.clusterIP}:80`, `${node}:${spec.ports[0]!.nodePort}`, `${balancer}:80`, `${external}:80`],
      ...["web.ways:80", "web.ways.svc:80", "web.ways.svc.cluster.local:80", "web.ways.svc.cluster.local.:80"],
    ];
    const loopback = `127.0.0.1:${spec.ports[0]!.nodePort}`;
    for (const [who, ways] of [
      [client, [...everywhere, "web:80"]],
      [stranger, everywhere],
      [onHost, [...everywhere, loopback]],
    ] as const) {
      const urls = ways.flatMap((way) => [`http://${way}/hostname`, `udp://${way}/name`]);
      // Packets flow a moment after the Service has its endpoints.
      await untilAnswers(who, urls, (answers) => answers.every((answer) => pods.includes(answer)));
      const answers = await who.ask(urls, { times: 6 });
      assert.deepEqual([...new Set(answers)].sort(), pods);
    }
    for (const way of [`${spec.clusterIP}:80`, `${balancer}:80`, `${external}:80`, loopback])
      assert.ok(pods.includes(await get(namespace, `http://${way}/hostname`)), way);

    assert.ok(pods.includes(await get(outside, `http://${node}:${spec.ports[0]!.nodePort}/hostname`)));
    assert.equal((await request(outside, `http://${spec.clusterIP}/hostname`)).error, "ENETUNREACH");
    // The Service's own name is no node: its other ports are refused, not passed on to a process that listens there.
    assert.deepEqual(await client.ask([`http://${spec.clusterIP}:81/`]), ["! connect: Connection refused"]);
  });

  test("Pods reach Pods and the outside, and the node reaches Pods: who is seen as the client", async () => {
    const kubectl = await cluster.inNamespace("pods");
    await kubectl.apply(listOf(serverPod("one", BOTH), serverPod("two", BOTH)));
    await untilReady(kubectl, "one", "two");
    const client = await startClient(kubectl);
    const [one, two, own] = [
      await podIp(kubectl, "one"),
      await podIp(kubectl, "two"),
      await podIp(kubectl, "client"),
    ] as const;
    const urls = [`http://${one}:8080/hostname`, `udp://${two}:9090/name`];
    assert.deepEqual(await client.ask(urls), ["one", "two"]);
    const seen = await client.ask([`http://${one}:8080/clientip`, `udp://${two}:9090/clientip`]);
    assert.deepEqual(
      seen.map((address) => ADDRESS.exec(address)?.[0]),
      [own, own],
    );
    assert.equal(await get(namespace, `http://${one}:8080/hostname`), "one");

    const listening = outside.spawn(process.execPath, ["-e", TELLS_WHO], { stdio: ["ignore", "pipe", "inherit"] });
    await once(listening.stdout!, "data");
    const [outsider] = await client.ask([`http://${outside.address}:8000/`]);
    assert.equal(outsider, outside.gateway, "what leaves the node comes from the node");
  });

  test("a Pod reaches itself through its Service", async () => {
    const kubectl = await cluster.inNamespace("hairpin");
    // Not the Pod's name, which is its own address to itself.
    await kubectl.apply(
      listOf(serverPod("self", BOTH), service("mirror", { selector: { app: "self" }, type: "NodePort" })),
    );
    await untilReady(kubectl, "self");
    const { spec } = await kubectl.json<ServiceSeen>("service", "mirror");
    const ways = ["http://mirror/", `http://${namespace.address}:${spec.ports[0]!.nodePort}/`];
    await untilAnswers(clientIn(kubectl, "self"), ways, (answers) => answers.join() === "self,self");
  });

  test("clients stay with their Pod when the Service says so, and go anywhere when it no longer does", async () => {
    const kubectl = await cluster.inNamespace("affinity");
    await kubectl.apply(
      listOf(serverDeployment("web", 3), service("web", { type: "NodePort", sessionAffinity: "ClientIP" })),
    );
    const client = await startClient(kubectl);
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const { spec } = await kubectl.json<ServiceSeen>("service", "web");
    const ways = ["http://web/hostname", `http://${namespace.address}:${spec.ports[0]!.nodePort}/hostname`];
    const spread = (many: boolean) => (answers: readonly string[]) =>
      new Set(answers).size > 1 === many && answers.every((answer) => answer.startsWith("web-"));
    for (const way of ways) await untilAnswers(client, [way], spread(false), { times: 20 });
    await kubectl(
      "patch",
      "service",
      "web",
      "-p",
      '{"spec": {"sessionAffinity": "None", "sessionAffinityConfig": null}}',
    );
    for (const way of ways) await untilAnswers(client, [way], spread(true), { times: 20 });
    await kubectl("patch", "service", "web", "-p", '{"spec": {"sessionAffinity": "ClientIP"}}');
    for (const way of ways) await untilAnswers(client, [way], spread(false), { times: 20 });
  });

  test("traffic that is to stay on the node keeps the client's address, and is answered for on a port of its own", async () => {
    const kubectl = await cluster.inNamespace("policies");
    const local = {
      type: "LoadBalancer",
      externalTrafficPolicy: "Local",
      internalTrafficPolicy: "Local",
      // The node's address has each port once.
      ports: [{ name: "http", port: 8000, targetPort: "http" }],
    };
    await kubectl.apply(
      listOf(
        serverPod("web"),
        service("web", local),
        service("cluster", { selector: { app: "web" }, type: "NodePort" }),
      ),
    );
    const client = await startClient(kubectl);
    await untilReady(kubectl, "web");
    const { spec } = await kubectl.json<ServiceSeen & { spec: { healthCheckNodePort: number } }>("service", "web");
    const nodePort = async (name: string) => (await kubectl.json<ServiceSeen>("service", name)).spec.ports[0]!.nodePort;
    const seenFrom = async (name: string) =>
      ADDRESS.exec(await get(outside, `http://${namespace.address}:${await nodePort(name)}/clientip`))?.[0];
    // Packets flow a moment after the Pod is ready.
    assert.equal(await eventually("an answer of the one", () => seenFrom("web")), outside.address);
    assert.notEqual(await eventually("an answer of the other", () => seenFrom("cluster")), outside.address);
    const [own] = await untilAnswers(client, ["http://web:8000/clientip"], ([answer]) => ADDRESS.test(answer!));
    assert.equal(ADDRESS.exec(own!)?.[0], await podIp(kubectl, "client"));

    const health = `http://${namespace.address}:${spec.healthCheckNodePort}/`;
    assert.match(await eventually("the node to be well", () => get(outside, health)), /"localEndpoints": ?1/);
    await kubectl("delete", "pod", "web", "--now");
    await eventually("a node without the Pod to say so", async () => (await request(outside, health)).status === 503);
    await untilAnswers(client, ["http://web:8000/"], ([answer]) => answer === "! connect: Connection refused");
  });

  test("balancers that want the same port get an address each; who may come in is the Service's to say", async () => {
    const kubectl = await cluster.inNamespace("balancers");
    const wanting = (app: string) =>
      service(app, { type: "LoadBalancer", ports: [{ name: "http", port: 8090, targetPort: "http" }] });
    await kubectl.apply(listOf(serverPod("one"), serverPod("two"), wanting("one"), wanting("two")));
    await untilReady(kubectl, "one", "two");
    const addressOf = (name: string) =>
      eventually("an address", async () => {
        const found = await kubectl("get", "service", name, "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}");
        return found || undefined;
      });
    const addresses = [await addressOf("one"), await addressOf("two")];
    assert.deepEqual(addresses.toSorted(), ["127.0.0.2", namespace.address]);
    for (const [i, app] of ["one", "two"].entries())
      assert.equal(await eventually("an answer", () => get(namespace, `http://${addresses[i]}:8090/`)), app);

    // From outside, and only from where the Service says.
    const app = addresses[0] === namespace.address ? "one" : "two";
    const way = `http://${namespace.address}:8090/`;
    assert.equal(await get(outside, way), app);
    const allow = (...ranges: readonly string[]) =>
      kubectl("patch", "service", app, "-p", JSON.stringify({ spec: { loadBalancerSourceRanges: ranges } }));
    await allow("203.0.113.0/24");
    const silence = async () => (await request(outside, way, 500)).error === "timeout";
    await eventually("the balancer to be silent", silence);
    await allow("203.0.113.0/24", `${outside.address}/32`);
    await eventually("the balancer to answer", async () => (await get(outside, way)) === app);
  });

  test("a Service without endpoints refuses at once, and serves as soon as it has one", async () => {
    const kubectl = await cluster.inNamespace("none");
    await kubectl.apply(listOf(service("web", { type: "NodePort" })));
    const client = await startClient(kubectl);
    const { spec } = await kubectl.json<ServiceSeen>("service", "web");
    const way = `http://${namespace.address}:${spec.ports[0]!.nodePort}/`;
    assert.deepEqual(await client.ask(["http://web/", way]), Array(2).fill("! connect: Connection refused"));
    assert.equal((await request(namespace, `http://${spec.clusterIP}/`)).error, "ECONNREFUSED");
    assert.equal((await request(outside, way)).error, "ECONNREFUSED");
    await kubectl.apply(listOf(serverPod("web")));
    await untilAnswers(client, ["http://web/", way], (answers) => answers.every((answer) => answer === "web"));
  });

  test("a Service's ports, target and selector change while it is used", async () => {
    const kubectl = await cluster.inNamespace("changes");
    const second = {
      args: ["--http", "8081"],
      ports: [{ ...HTTP, containerPort: 8081 }],
      container: { readinessProbe: null },
    };
    await kubectl.apply(
      listOf(serverPod("one", BOTH), serverPod("two", second), service("web", { selector: { app: "one" } })),
    );
    const client = await startClient(kubectl);
    await untilReady(kubectl, "one", "two");
    const change = (spec: object) => kubectl("patch", "service", "web", "--type=merge", "-p", JSON.stringify({ spec }));
    const answer =
      (...wanted: readonly string[]) =>
      (answers: readonly string[]) =>
        answers.join() === wanted.join();
    const refused = "! connect: Connection refused";
    await untilAnswers(client, ["http://web/"], answer("one"));
    // The same name of a port is another number in another Pod.
    await change({ selector: { app: "two" } });
    await untilAnswers(client, ["http://web/"], answer("two"));
    await change({ ports: [{ name: "http", port: 81, targetPort: 8081 }] });
    await untilAnswers(client, ["http://web:80/", "http://web:81/"], answer(refused, "two"));
    await change({ ports: [{ name: "http", port: 81, targetPort: 8082 }] });
    await untilAnswers(client, ["http://web:81/"], answer(refused));
    // One number for both protocols, and then for one of them (conformance: same port, TCP and UDP).
    const tcp = { name: "tcp", port: 80, targetPort: 8080 };
    const udp = { name: "udp", port: 80, targetPort: 9090, protocol: "UDP" };
    const both = ["http://web/", "udp://web:80/name"];
    await change({ selector: { app: "one" }, ports: [tcp, udp] });
    await untilAnswers(client, both, answer("one", "one"));
    await change({ ports: [udp] });
    await untilAnswers(client, both, answer(refused, "one"));
    await change({ ports: [tcp] });
    await untilAnswers(client, both, ([http, datagram]) => http === "one" && datagram!.startsWith("! "));
    await kubectl("delete", "service", "web");
    await eventually(
      "the name to be gone",
      async () => (await client.lookUp("a", "web.changes.svc.cluster.local")).join() === "NXDOMAIN",
    );
  });

  test("a client of UDP that keeps its port is led to the Pod that replaces another", async () => {
    const kubectl = await cluster.inNamespace("udp");
    const ports = [{ name: "udp", port: 90, targetPort: "udp", protocol: "UDP" }];
    await kubectl.apply(
      listOf(serverPod("one", { ...BOTH, labels: { app: "web" } }), service("web", { ports, type: "NodePort" })),
    );
    const client = await startClient(kubectl);
    await untilReady(kubectl, "one");
    const { spec } = await kubectl.json<ServiceSeen>("service", "web");
    const ways = [`udp://web:90/name`, `udp://${namespace.address}:${spec.ports[0]!.nodePort}/name`];
    const all = (name: string) => (answers: readonly string[]) => answers.every((answer) => answer === name);
    await untilAnswers(client, ways, all("one"), { port: 5353 });
    await kubectl.apply(listOf(serverPod("two", { ...BOTH, labels: { app: "web" } })));
    await untilReady(kubectl, "two");
    await kubectl("delete", "pod", "one");
    await untilAnswers(client, ways, all("two"), { port: 5353 });
  });

  test("three Pods share a port of the node by address and protocol", async () => {
    const kubectl = await cluster.inNamespace("host-ports");
    const port = (more: object) => ({ ...BOTH, ports: [{ containerPort: 8080, hostPort: 54321, ...more }] });
    const own = { hostIP: namespace.address };
    await kubectl.apply(
      listOf(
        serverPod("loopback", port({ hostIP: "127.0.0.1" })),
        serverPod("address", port(own)),
        serverPod("datagrams", port({ ...own, protocol: "UDP", containerPort: 9090 })),
      ),
    );
    await untilReady(kubectl, "loopback", "address", "datagrams");
    const client = await startClient(kubectl);
    const at = `${namespace.address}:54321`;
    await untilAnswers(client, [`http://${at}/`, `udp://${at}/name`], (all) => all.join() === "address,datagrams");
    const answers = (from: TestNamespace, url: string, name: string) =>
      eventually(`${name} at ${url}`, async () => (await get(from, url)) === name);
    await answers(namespace, "http://127.0.0.1:54321/", "loopback");
    await answers(namespace, `http://${at}/`, "address");
    await answers(outside, `http://${at}/`, "address");
    await kubectl.apply(listOf(serverPod("taken", port(own))));
    await eventually("the scheduler to say why", async () =>
      (await kubectl("describe", "pod", "taken")).includes(
        "1 node(s) didn't have free ports for the requested pod ports",
      ),
    );
    await kubectl("delete", "pod", "address", "--now");
    await untilReady(kubectl, "taken");
    await answers(outside, `http://${at}/`, "taken");
  });

  test("a terminating Pod keeps its connections and gets new ones only when there is no other Pod", async () => {
    const kubectl = await cluster.inNamespace("draining");
    const slow = (name: string) =>
      serverPod(name, {
        labels: { app: "web" },
        // Long enough for the whole test, whose end ends it.
        container: { lifecycle: { preStop: { sleep: { seconds: 280 } } } },
        spec: { terminationGracePeriodSeconds: 300 },
      });
    await kubectl.apply(listOf(slow("one"), service("web")));
    await untilReady(kubectl, "one");
    const ip = await clusterIp(kubectl, "web");
    await eventually("the Service", async () => (await get(namespace, `http://${ip}/`)) === "one");
    const kept = namespace.spawn(process.execPath, ["-e", KEEPS_A_CONNECTION, ip], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: kept.stdout! })[Symbol.asyncIterator]();
    const askAgain = async () => {
      kept.stdin!.write("\n");
      return (await lines.next()).value as string | undefined;
    };
    assert.equal(await askAgain(), "one");

    await kubectl("delete", "pod", "one", "--wait=false");
    await eventually("the endpoint to be ending", async () => {
      const [endpoint] = await endpointsOf(kubectl, "web");
      return endpoint?.conditions.terminating;
    });
    const [endpoint] = await endpointsOf(kubectl, "web");
    assert.deepEqual(endpoint!.conditions, { ready: false, serving: true, terminating: true });
    assert.equal(await get(namespace, `http://${ip}/`), "one", "it is the only one, and still serves");

    await kubectl.apply(listOf(slow("two")));
    await untilReady(kubectl, "two");
    await eventually("the new one to be asked", async () => (await get(namespace, `http://${ip}/`)) === "two");
    assert.equal(await askAgain(), "one", "who is connected stays");
    assert.deepEqual([await get(namespace, `http://${ip}/`), await get(namespace, `http://${ip}/`)], ["two", "two"]);
    kept.stdin!.end();
    await kubectl("delete", "pods", "--all", "--now", "--wait=false");
  });
});

/** Answers with the address that it sees as the client's. */
const TELLS_WHO = `
  const { createServer } = require("node:http");
  createServer((request, response) => response.end(request.socket.remoteAddress)).listen(8000, "0.0.0.0", () => console.log("up"));`;

/** Requests once for each line of its input, over one connection, which it never opens again. */
const KEEPS_A_CONNECTION = `
  const socket = require("node:net").connect(80, process.argv[1]);
  socket.on("data", (data) => console.log(String(data).split("\\r\\n\\r\\n")[1])).on("close", () => process.exit());
  process.stdin.on("data", () => socket.write("GET /hostname HTTP/1.1\\r\\nHost: web\\r\\n\\r\\n")).on("end", () => process.exit());`;
