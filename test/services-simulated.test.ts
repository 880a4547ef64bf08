import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Endpoints, EndpointSlice, Service } from "#objects";
import { eventually, startUnderTest, type ClusterUnderTest, type Kubectl } from "./support/cluster-under-test.ts";
import { deployment } from "./support/manifests.ts";
import { watching } from "./support/watching.ts";

/** Waits until the check passes; fails with what it last said. */
async function holds(check: () => Promise<void>): Promise<void> {
  let last: unknown;
  const passes = async () => {
    try {
      await check();
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  await eventually("a check that passes", passes).catch((error: unknown) => {
    throw last ?? error;
  });
}

describe("kubectl works on Services of simulated Pods (S20)", { concurrency: 3 }, () => {
  let cluster: ClusterUnderTest;
  before(async () => {
    cluster = await startUnderTest({ nodes: 2 });
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  const field = (kubectl: Kubectl, resource: string, path: string) =>
    kubectl("get", ...resource.split(" "), `-o=jsonpath={${path}}`);
  const slicesOf = async (kubectl: Kubectl, service: string) => {
    const selector = `kubernetes.io/service-name=${service}`;
    return (await kubectl.json<{ items: EndpointSlice[] }>("endpointslices", "-l", selector)).items;
  };
  const readyAddresses = (slices: readonly EndpointSlice[]) =>
    slices
      .flatMap(({ endpoints = [] }) => endpoints)
      .filter(({ conditions }) => conditions?.ready)
      .flatMap(({ addresses }) => addresses)
      .sort();
  const podAddresses = async (kubectl: Kubectl) =>
    (await field(kubectl, "pods", ".items[*].status.podIP")).split(" ").filter(Boolean).sort();

  it("exposes a Deployment: Endpoints and EndpointSlices hold its Pods", async () => {
    const kubectl = await cluster.inNamespace("exposing");
    await kubectl.apply(deployment("web", { replicas: 3 }));
    await kubectl("expose", "deployment/web", "--port=80", "--target-port=8080");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const addresses = await podAddresses(kubectl);
    assert.equal(addresses.length, 3);
    await holds(async () => assert.deepEqual(readyAddresses(await slicesOf(kubectl, "web")), addresses));
    await holds(async () => {
      const endpoints = await kubectl.json<Endpoints>("endpoints", "web");
      assert.deepEqual(endpoints.subsets?.[0]?.addresses?.map(({ ip }) => ip).sort(), addresses);
      assert.equal(endpoints.subsets?.[0]?.ports?.[0]?.port, 8080);
    });
    const described = await kubectl("describe", "service", "web");
    for (const ip of addresses) assert.match(described, new RegExp(`Endpoints:.*${ip}:8080`));
    assert.match(await kubectl("get", "endpoints", "web"), /web +\d+(\.\d+){3}:8080,/);
    assert.match(await kubectl("get", "endpointslices"), /web-\w{5} +IPv4 +8080 +\d+(\.\d+){3},/);

    await kubectl("scale", "deployment/web", "--replicas=0");
    await holds(async () => assert.match(await kubectl("get", "endpoints", "web"), /web +<none>/));
    await kubectl("delete", "service", "web");
    await holds(async () => assert.equal(await kubectl("get", "endpoints,endpointslices", "-o", "name"), ""));
  });

  it("always has a ready address while a Deployment rolls", async () => {
    const kubectl = await cluster.inNamespace("rolling");
    await kubectl.apply(deployment("web", { replicas: 3 }));
    await kubectl("expose", "deployment/web", "--port=80");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const before = await podAddresses(kubectl);
    await holds(async () => assert.deepEqual(readyAddresses(await slicesOf(kubectl, "web")), before));
    // Every state that the slice goes through, as a watch shows it; one that is still being printed does not count.
    const selector = "-l=kubernetes.io/service-name=web";
    const statesIn = (printed: string) =>
      [...printed.matchAll(/^\{$.*?^\}$/gms)].map(([text]) => readyAddresses([JSON.parse(text) as EndpointSlice]));
    await using slices = watching(kubectl, "get", "endpointslices", selector, "--watch", "-o=json");
    await slices.shows("the slice as it is", (printed) => statesIn(printed).length > 0);
    await kubectl("set", "image", "deployment/web", "*=nginx:2");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const printed = await slices.shows("three others", (text) => {
      const last = statesIn(text).at(-1) ?? [];
      return last.length === 3 && !last.some((ip) => before.includes(ip));
    });
    const states = statesIn(printed);
    const shown = states.map((addresses) => addresses.join(" "));
    assert.ok(new Set(shown).size > 3, shown.join(" | "));
    // Of three a quarter, rounded down, may be missing: none.
    for (const addresses of states) assert.ok(addresses.length >= 3, shown.join(" | "));
    await holds(async () => {
      const ready = readyAddresses(await slicesOf(kubectl, "web"));
      assert.equal(ready.length, 3);
      assert.equal(ready.filter((ip) => before.includes(ip)).length, 0);
    });
  });

  it("changes types: what a type needs is allocated, what it does not is given up", async () => {
    const kubectl = await cluster.inNamespace("types");
    await kubectl("create", "service", "clusterip", "s", "--tcp=80:8080");
    const spec = async () => (await kubectl.json<Service>("service", "s")).spec ?? {};
    const become = (patch: object) => kubectl("patch", "service", "s", "-p", JSON.stringify({ spec: patch }));
    const first = await spec();
    assert.match(first.clusterIP ?? "", /^10\./);

    await become({ type: "NodePort" });
    const asNodePort = await spec();
    assert.equal(asNodePort.clusterIP, first.clusterIP);
    assert.equal(asNodePort.externalTrafficPolicy, "Cluster");
    assert.ok((asNodePort.ports?.[0]?.nodePort ?? 0) >= 30_000);

    await become({ type: "LoadBalancer", externalTrafficPolicy: "Local" });
    const asBalancer = await spec();
    assert.equal(asBalancer.ports?.[0]?.nodePort, asNodePort.ports?.[0]?.nodePort);
    assert.ok((asBalancer.healthCheckNodePort ?? 0) >= 30_000);

    await become({ type: "ExternalName", externalName: "example.org" });
    const asName = await spec();
    assert.deepEqual(
      [asName.clusterIP, asName.clusterIPs, asName.ports?.[0]?.nodePort, asName.healthCheckNodePort],
      [undefined, undefined, undefined, undefined],
    );
    await become({ type: "ClusterIP", externalName: null });
    assert.match((await spec()).clusterIP ?? "", /^10\./);
    assert.equal((await spec()).ports?.[0]?.nodePort, undefined);

    await kubectl("expose", "service", "s", "--name=both", "--port=53", "--type=NodePort");
    const both = [
      { name: "tcp", port: 53, protocol: "TCP" },
      { name: "udp", port: 53, protocol: "UDP" },
    ];
    await kubectl("patch", "service", "both", "--type=merge", "-p", JSON.stringify({ spec: { ports: both } }));
    const ports = (await kubectl.json<Service>("service", "both")).spec?.ports ?? [];
    assert.equal(ports.length, 2);
    const taken = await kubectl.try([
      "create",
      "service",
      "nodeport",
      "t",
      "--tcp=80",
      `--node-port=${ports[0]?.nodePort}`,
    ]);
    assert.match(taken.stderr, /provided port is already allocated/);
  });

  it("gives load balancers an address, or says why there is none", async () => {
    const kubectl = await cluster.inNamespace("balancing");
    await kubectl("create", "service", "loadbalancer", "a", "--tcp=80");
    await kubectl("wait", "service/a", "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=120s");
    assert.equal(
      await field(kubectl, "service a", ".status.loadBalancer.ingress"),
      '[{"ip":"172.18.0.2","ipMode":"VIP"}]',
    );
    assert.match(await kubectl("get", "service", "a"), /LoadBalancer +10\.[\d.]+ +172\.18\.0\.2 +80:3\d{4}\/TCP/);
    await holds(async () =>
      assert.match(await kubectl("describe", "service", "a"), /Normal +EnsuredLoadBalancer .*Ensured load balancer/),
    );
    for (const name of ["b", "c"]) await kubectl("create", "service", "loadbalancer", name, "--tcp=80");
    await holds(async () =>
      assert.match(
        await kubectl("describe", "service", "c"),
        /Warning +SyncLoadBalancerFailed .*port 80\/TCP of 172.18.0.2 is taken by Service balancing\/a/,
      ),
    );
    assert.match(await kubectl("get", "service", "c"), /<pending>/);
    await kubectl("delete", "service", "a");
    await kubectl("wait", "service/c", "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=120s");
    await kubectl("patch", "service", "c", "-p", '{"spec":{"type":"ClusterIP"}}');
    await holds(async () => assert.equal(await field(kubectl, "service c", ".metadata.finalizers"), ""));
  });

  it("mirrors hand-made Endpoints, and keeps those of the API server", async () => {
    const kubectl = await cluster.inNamespace("hand-made");
    const endpoints = (ip: string) =>
      `{apiVersion: v1, kind: Endpoints, metadata: {name: own}, subsets: [{addresses: [{ip: ${ip}}], ports: [{port: 5432}]}]}`;
    await kubectl.apply("{apiVersion: v1, kind: Service, metadata: {name: own}, spec: {ports: [{port: 5432}]}}");
    for (const ip of ["192.0.2.7", "192.0.2.8"]) {
      await kubectl.apply(endpoints(ip));
      await holds(async () => assert.deepEqual(readyAddresses(await slicesOf(kubectl, "own")), [ip]));
    }
    await kubectl("delete", "endpoints", "own");
    await holds(async () => assert.deepEqual(await slicesOf(kubectl, "own"), []));

    const port = await field(cluster.kubectl, "endpoints kubernetes", ".subsets[0].ports[0].port");
    await cluster.kubectl("delete", "endpoints/kubernetes", "endpointslice/kubernetes", "service/kubernetes");
    await holds(async () => {
      assert.equal(await field(cluster.kubectl, "service kubernetes", ".spec.clusterIP"), "10.96.0.1");
      assert.equal(await field(cluster.kubectl, "endpoints kubernetes", ".subsets[0].ports[0].port"), port);
      assert.equal(await field(cluster.kubectl, "endpointslice kubernetes", ".ports[0].port"), port);
    });
  });

  it("has an IPAddress for each cluster IP, and a ServiceCIDR that is ready", async () => {
    const kubectl = await cluster.inNamespace("addresses");
    const ready = "--for=condition=Ready";
    await kubectl("wait", "servicecidr/kubernetes", ready, "--timeout=120s");
    await kubectl("create", "service", "clusterip", "s", "--tcp=80");
    const ip = await field(kubectl, "service s", ".spec.clusterIP");
    await holds(async () => assert.match(await kubectl("get", "ipaddress", ip), /services\/addresses\/s/));
    await kubectl("delete", "service", "s");
    await kubectl("wait", `ipaddress/${ip}`, "--for=delete", "--timeout=120s");
  });
});
