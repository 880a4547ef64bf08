import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { skipUnlessReal } from "./support/machine.ts";
import type { TestNamespace } from "./support/network-namespace.ts";
import { startRealCluster, type RealCluster } from "./support/real-cluster.ts";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";
import { untilReady } from "./support/pods.ts";
import { listOf, serverPod, service, startClient, untilAnswers } from "./support/servers.ts";

const skip = await skipUnlessReal();

const ZONE = "svc.cluster.local";
const UDP = { name: "udp", containerPort: 9090, protocol: "UDP" };
const HTTP = { name: "http", containerPort: 8080 };

describe("names, kinds of Services, and endpoints made by hand", { skip, concurrency: 3 }, () => {
  let cluster: RealCluster;
  let namespace: TestNamespace;
  before(async () => {
    cluster = await startRealCluster();
    namespace = cluster.namespace;
  });
  after(async () => {
    assert.deepEqual(await cluster?.end(), []);
  });

  const podIp = (kubectl: Kubectl, name: string) => kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}");
  const ipOf = (kubectl: Kubectl, name: string) => kubectl("get", "service", name, "-o", "jsonpath={.spec.clusterIP}");

  test("a Service has its names, in every form; its ports and addresses have theirs", async () => {
    const kubectl = await cluster.inNamespace("names");
    const ports = [
      { name: "http", port: 80, targetPort: "http" },
      { name: "name", port: 53, targetPort: "udp", protocol: "UDP" },
    ];
    await kubectl.apply(listOf(serverPod("web", { ports: [HTTP, UDP] }), service("web", { ports })));
    const client = await startClient(kubectl);
    await untilReady(kubectl, "web");
    const ip = await ipOf(kubectl, "web");
    for (const name of [`web.names.${ZONE}`, `web.names.${ZONE}.`])
      assert.deepEqual(await client.lookUp("a", name), [ip], name);
    assert.deepEqual(await client.lookUp("aaaa", `web.names.${ZONE}`), []);
    assert.deepEqual(await client.lookUp("srv", `_http._tcp.web.names.${ZONE}`), [`0 100 80 web.names.${ZONE}`]);
    assert.deepEqual(await client.lookUp("srv", `_name._udp.web.names.${ZONE}`), [`0 100 53 web.names.${ZONE}`]);
    assert.deepEqual(await client.lookUp("ptr", ip), [`web.names.${ZONE}`]);
    assert.deepEqual(await client.lookUp("a", `none.names.${ZONE}`), ["NXDOMAIN"]);
    assert.deepEqual(await client.lookUp("a", `kubernetes.default.${ZONE}`), [
      await ipOf(cluster.kubectl, "kubernetes"),
    ]);
    // By the search domains, as programs look names up.
    const forms = ["web", "web.names", "web.names.svc", `web.names.${ZONE}`];
    await untilAnswers(
      client,
      forms.map((form) => `http://${form}/`),
      (answers) => answers.every((answer) => answer === "web"),
    );
    const own = await podIp(kubectl, "web");
    assert.deepEqual(await client.lookUp("a", `${own.replaceAll(".", "-")}.names.pod.cluster.local`), [own]);
  });

  test("a headless Service's names are its Pods, by their hostnames too; also before they are ready, if it says so", async () => {
    const kubectl = await cluster.inNamespace("headless");
    const inDomain = (name: string, hostname?: string) =>
      serverPod(name, { labels: { app: "db" }, spec: { subdomain: "db", ...(hostname ? { hostname } : {}) } });
    await kubectl.apply(
      listOf(
        inDomain("one", "first"),
        inDomain("two", "second"),
        serverPod("late", { container: { readinessProbe: { exec: { command: ["false"] } } } }),
        service("db", { clusterIP: "None" }),
        service("late", { clusterIP: "None", publishNotReadyAddresses: true }),
        service("strict", { clusterIP: "None", selector: { app: "late" } }),
      ),
    );
    const client = await startClient(kubectl);
    await untilReady(kubectl, "one", "two");
    const [one, two] = [await podIp(kubectl, "one"), await podIp(kubectl, "two")];
    const domain = `db.headless.${ZONE}`;
    // A Pod has its name a moment after it is ready.
    await eventually(
      "both Pods' addresses",
      async () => (await client.lookUp("a", domain)).join() === [one, two].sort().join(),
    );
    assert.deepEqual(await client.lookUp("a", `first.${domain}`), [one]);
    assert.deepEqual(await client.lookUp("a", `second.${domain}`), [two]);
    assert.deepEqual(await client.lookUp("srv", `_http._tcp.${domain}`), [
      `0 50 8080 first.${domain}`,
      `0 50 8080 second.${domain}`,
    ]);
    assert.deepEqual(await client.lookUp("ptr", one), [`first.${domain}`]);
    assert.match(
      await kubectl("exec", "one", "--", "cat", "/etc/hosts"),
      new RegExp(`^${one}\tfirst.${domain}\tfirst$`, "m"),
    );
    assert.equal((await kubectl("exec", "one", "--", "hostname")).trim(), "first");
    assert.deepEqual(await client.ask(["http://first.db:8080/"]), ["first"]);

    await eventually("the name of a Pod that is not ready", async () =>
      (await client.lookUp("a", `late.headless.${ZONE}`)).includes(await podIp(kubectl, "late")),
    );
    assert.deepEqual(await client.lookUp("a", `strict.headless.${ZONE}`), ["NXDOMAIN"]);
    await kubectl("delete", "pod", "one", "--now");
    await eventually("the other's address alone", async () => (await client.lookUp("a", domain)).join() === two);
  });

  test("a Service changes its kind: ExternalName, ClusterIP, NodePort, and back", async () => {
    const kubectl = await cluster.inNamespace("kinds");
    const external = {
      type: "ExternalName",
      externalName: "target.kinds.svc.cluster.local",
      selector: null,
      ports: [],
    };
    await kubectl.apply(
      listOf(serverPod("web"), service("target", { selector: { app: "web" } }), service("moving", external)),
    );
    const client = await startClient(kubectl);
    await untilReady(kubectl, "web");
    const name = `moving.kinds.${ZONE}`;
    const change = (spec: object) =>
      kubectl("patch", "service", "moving", "--type=merge", "-p", JSON.stringify({ spec }));
    const target = await ipOf(kubectl, "target");
    assert.deepEqual(await client.lookUp("cname", name), [`target.kinds.${ZONE}`]);
    await untilAnswers(client, ["http://moving/"], ([answer]) => answer === "web");
    await change({ externalName: `web.elsewhere.${ZONE}` });
    await eventually("the other name", async () => (await client.lookUp("cname", name))[0] === `web.elsewhere.${ZONE}`);

    const ports = [{ name: "http", port: 80, targetPort: "http" }];
    await change({ type: "ClusterIP", externalName: null, selector: { app: "web" }, ports });
    const own = await ipOf(kubectl, "moving");
    assert.notEqual(own, target);
    await eventually("an address", async () => (await client.lookUp("a", name)).join() === own);
    await untilAnswers(client, ["http://moving/"], ([answer]) => answer === "web");

    await change({ type: "NodePort" });
    const port = await kubectl("get", "service", "moving", "-o", "jsonpath={.spec.ports[0].nodePort}");
    await untilAnswers(
      client,
      [`http://${namespace.address}:${port}/`, "http://moving/"],
      (all) => all.join() === "web,web",
    );

    await change({ ...external, externalName: `target.kinds.${ZONE}`, selector: null });
    assert.equal(await ipOf(kubectl, "moving"), "");
    await eventually("the name again", async () => (await client.lookUp("cname", name))[0] === `target.kinds.${ZONE}`);
    await untilAnswers(
      client,
      [`http://${namespace.address}:${port}/`, `http://${own}/`, "http://moving/"],
      ([node, ip, named]) => node!.startsWith("! ") && ip!.startsWith("! ") && named === "web",
    );
  });

  test("endpoints made by hand serve a Service without a selector", async () => {
    const kubectl = await cluster.inNamespace("by-hand");
    const two = { labels: {}, args: ["--http", "8081"], container: { readinessProbe: null } };
    await kubectl.apply(listOf(serverPod("one", { labels: {} }), serverPod("two", two)));
    const client = await startClient(kubectl);
    await untilReady(kubectl, "one", "two");
    const [ipOne, ipTwo] = [await podIp(kubectl, "one"), await podIp(kubectl, "two")];
    const slice = (name: string, of: string, ports: readonly object[], ...addresses: string[]) => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name, labels: { "kubernetes.io/service-name": of } },
      addressType: "IPv4",
      ports,
      endpoints: addresses.map((address) => ({ addresses: [address] })),
    });
    const bare = (name: string, ...ports: object[]) => service(name, { selector: null, ports });
    await kubectl.apply(
      listOf(
        // Of one name, ports with other numbers in other slices; of two names, one slice each.
        bare("slices", { name: "http", port: 80 }),
        slice("slices-1", "slices", [{ name: "http", port: 8080 }], ipOne),
        slice("slices-2", "slices", [{ name: "http", port: 8081 }], ipTwo),
        bare("ports", { name: "a", port: 80 }, { name: "b", port: 81 }),
        slice("ports-1", "ports", [{ name: "a", port: 8080 }], ipOne),
        slice("ports-2", "ports", [{ name: "b", port: 8081 }], ipTwo),
        bare("mirrored", { name: "http", port: 80 }),
        {
          apiVersion: "v1",
          kind: "Endpoints",
          metadata: { name: "mirrored" },
          subsets: [{ addresses: [{ ip: ipOne }], ports: [{ name: "http", port: 8080 }] }],
        },
      ),
    );
    await untilAnswers(
      client,
      ["http://slices/"],
      (all) => new Set(all).size === 2 && all.every((one) => one === "one" || one === "two"),
      { times: 12 },
    );
    await untilAnswers(client, ["http://ports:80/", "http://ports:81/"], (all) => all.join() === "one,two");
    await untilAnswers(client, ["http://mirrored/"], ([answer]) => answer === "one");
    const subsets = [{ addresses: [{ ip: ipTwo }], ports: [{ name: "http", port: 8081 }] }];
    await kubectl("patch", "endpoints", "mirrored", "--type=merge", "-p", JSON.stringify({ subsets }));
    await untilAnswers(client, ["http://mirrored/"], ([answer]) => answer === "two");
    await kubectl("delete", "endpoints", "mirrored");
    await untilAnswers(client, ["http://mirrored/"], ([answer]) => answer === "! connect: Connection refused");
  });

  test("Pods resolve names by their policies, options, host networks and variables", async () => {
    const kubectl = await cluster.inNamespace("resolvers");
    await kubectl.apply(
      listOf(
        service("web", {
          ports: [
            { name: "http", port: 80 },
            { name: "more", port: 81 },
          ],
        }),
      ),
    );
    const web = await ipOf(kubectl, "web");
    const dnsConfig = {
      nameservers: ["192.0.2.53"],
      searches: ["one.test", "two.test"],
      options: [{ name: "ndots", value: "2" }, { name: "edns0" }],
    };
    const [plain, own, onHost, hosts] = await Promise.all([
      startClient(kubectl, "plain", {
        dnsConfig: { options: [{ name: "ndots", value: "3" }], searches: ["extra.test"] },
      }),
      startClient(kubectl, "own", { dnsPolicy: "None", dnsConfig }),
      startClient(kubectl, "on-host", { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }),
      startClient(kubectl, "hosts", { hostNetwork: true }),
    ]);
    const resolvConf = (client: typeof plain) => client.run("cat", "/etc/resolv.conf");
    const dns = await cluster.kubectl(
      "get",
      "service",
      "kube-dns",
      "-n",
      "kube-system",
      "-o",
      "jsonpath={.spec.clusterIP}",
    );
    const searches = `resolvers.${ZONE} ${ZONE} cluster.local`;
    assert.equal(await resolvConf(plain), `search ${searches} extra.test\nnameserver ${dns}\noptions ndots:3\n`);
    assert.equal(await resolvConf(own), "search one.test two.test\nnameserver 192.0.2.53\noptions ndots:2 edns0\n");
    assert.equal(await resolvConf(onHost), `search ${searches}\nnameserver ${dns}\noptions ndots:5\n`);
    assert.deepEqual(await onHost.lookUp("a", `web.resolvers.${ZONE}`), [web]);
    assert.doesNotMatch(await resolvConf(hosts), new RegExp(`${dns}|cluster.local`));
    const variables = (await plain.run("env")).split("\n");
    for (const line of [
      `WEB_SERVICE_HOST=${web}`,
      "WEB_SERVICE_PORT=80",
      "WEB_SERVICE_PORT_MORE=81",
      `WEB_PORT=tcp://${web}:80`,
      `WEB_PORT_81_TCP_ADDR=${web}`,
    ])
      assert.ok(variables.includes(line), line);
  });

  test("the API is where its Service says, with the certificate and the token that Pods are given", async () => {
    const kubectl = await cluster.inNamespace("api");
    await kubectl.apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "nginx" },
        data: { conf: PROXY_TO_API },
      }),
    );
    await kubectl.apply(
      listOf(
        serverPod("proxy", {
          image: "nginx:1.29",
          command: [
            "sh",
            "-c",
            `sed "s|TOKEN|$(cat ${ACCOUNT}/token)|" /conf/conf > /etc/nginx/conf.d/default.conf && exec nginx -g "daemon off;"`,
          ],
          ports: [{ containerPort: 8443 }],
          container: { volumeMounts: [{ name: "conf", mountPath: "/conf" }] },
          spec: { volumes: [{ name: "conf", configMap: { name: "nginx" } }] },
        }),
      ),
    );
    const client = await startClient(kubectl);
    await untilReady(kubectl, "proxy");
    const ip = await podIp(kubectl, "proxy");
    await untilAnswers(client, [`http://${ip}:8443/version`], ([answer]) => answer === "{");
    // Known, and allowed nothing: who it is stands in the refusal.
    const [refusal] = await client.ask([`http://${ip}:8443/api/v1/namespaces/api/pods`]);
    assert.match(refusal!, /^! 403 Forbidden: .*system:serviceaccount:api:default.* cannot list resource/);
  });
});

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** OpenSSL in nginx does what a client library would: it trusts nothing but the Pod's own authority. */
const PROXY_TO_API = `server {
  listen 8443;
  location / {
    proxy_pass https://kubernetes.default.svc;
    proxy_ssl_trusted_certificate ${ACCOUNT}/ca.crt;
    proxy_ssl_verify on;
    proxy_ssl_name kubernetes.default.svc;
    proxy_ssl_server_name on;
    proxy_http_version 1.1;
    proxy_set_header Host kubernetes.default.svc;
    proxy_set_header Authorization "Bearer TOKEN";
  }
}
`;
