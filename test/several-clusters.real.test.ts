import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { leaksSince, tracesNow } from "./support/leaks.ts";
import { skipUnlessReal } from "./support/machine.ts";
import { createTestNamespace, type TestNamespace } from "./support/network-namespace.ts";
import { startRestartable, type RestartableCluster } from "./support/real-cluster.ts";
import { startRegistry } from "./support/registry.ts";
import { get } from "./support/requests.ts";
import {
  eventually,
  KNARR,
  startUnderTest,
  type ClusterUnderTest,
  type Kubectl,
} from "./support/cluster-under-test.ts";
import { listOf, serverDeployment, service, startClient, untilAnswers } from "./support/servers.ts";

const skip = await skipUnlessReal();

/** A Deployment with a Service of type LoadBalancer, and a Pod that asks it. */
async function startWeb(kubectl: Kubectl, name: string) {
  await kubectl.apply(listOf(serverDeployment(name, 2), service(name, { type: "LoadBalancer" })));
  const client = await startClient(kubectl);
  await kubectl("rollout", "status", `deployment/${name}`, "--timeout=120s");
  const of = (path: string) => kubectl("get", "service", name, "-o", `jsonpath=${path}`);
  const balancer = await eventually("the balancer's address", async () => {
    return (await of("{.status.loadBalancer.ingress[0].ip}")) || false;
  });
  return { client, ip: await of("{.spec.clusterIP}"), nodePort: await of("{.spec.ports[0].nodePort}"), balancer };
}

/** Which containers run, at which addresses. */
async function podsOf(kubectl: Kubectl): Promise<readonly string[]> {
  const path = "{range .items[*]}{.status.podIP} {.status.containerStatuses[*].containerID}{'\\n'}{end}";
  return (await kubectl("get", "pods", "-o", `jsonpath=${path}`)).trim().split("\n").sort();
}

const answers = (namespace: TestNamespace, url: string, who: RegExp) =>
  eventually(url, async () => who.test(await get(namespace, url)));

const nodeAddressOf = (kubectl: Kubectl) =>
  kubectl("get", "nodes", "-o", 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}');

test("clusters of several data directories on one machine never meet, running or stopped", { skip }, async () => {
  await using namespace = await createTestNamespace();
  await using registry = await startRegistry(namespace);
  const real = { namespace, registry };
  const dirs = [await mkdtemp(join(tmpdir(), "knarr-test-")), await mkdtemp(join(tmpdir(), "knarr-test-"))] as const;
  const [one, two] = dirs;
  const untouched = await tracesNow({ dirs: [...dirs], namespace });
  const knarr = (dir: string, ...args: string[]) =>
    namespace.run(KNARR, [...args, "--data-dir", join(dir, "data")], {
      env: { ...process.env, HOME: dir, KUBECONFIG: join(dir, "kubeconfig") },
    });
  const running: ClusterUnderTest[] = [];
  const up = async (dir: string) => {
    const cluster = await startUnderTest({ real, dir });
    running.push(cluster);
    return cluster;
  };
  try {
    const first = await up(one);
    const web = await startWeb(first.kubectl, "web");
    await answers(namespace, `http://${web.balancer}/`, /^web-/);
    assert.equal(web.balancer, namespace.address);
    const pods = await podsOf(first.kubectl);
    assert.equal(await first.stop("SIGINT"), 0);
    const left = `its 3 Pods go on running; end them with: knarr down --purge --data-dir ${one}/data\n`;
    assert.ok(first.output().endsWith(left), first.output());

    // What the first has left is stepped aside for, and said.
    const second = await up(two);
    assert.match(
      second.output(),
      new RegExp(
        `^beside the cluster in ${one}/data \\(bridge knarr-[0-9a-f]{8}\\): Pods in 10\\.245\\.0\\.0/16, Services in 10\\.112\\.0\\.0/16, node ports on 10\\.245\\.0\\.1 only$`,
        "m",
      ),
    );
    const shop = await startWeb(second.kubectl, "shop");
    for (const pod of await podsOf(second.kubectl)) assert.match(pod, /^10\.245\.0\./);
    assert.deepEqual([await nodeAddressOf(second.kubectl), shop.balancer], ["10.245.0.1", "10.245.0.1"]);
    const checkSecond = async () => {
      for (const url of [`http://${shop.ip}/`, `http://10.245.0.1:${shop.nodePort}/`, `http://${shop.balancer}/`])
        await answers(namespace, url, /^shop-/);
      await untilAnswers(shop.client, ["http://shop/"], ([answer]) => answer!.startsWith("shop-"));
    };
    await checkSecond();
    await answers(namespace, `http://${web.balancer}/`, /^web-/);

    // Both at once. A node port that both have is each one's own on its own address.
    const again = await up(one);
    assert.deepEqual(await podsOf(again.kubectl), pods, "nothing was restarted");
    const ports = (name: string) =>
      service(name, { type: "NodePort", ports: [{ port: 80, nodePort: 30080, targetPort: "http" }] });
    for (const [kubectl, name] of [
      [again.kubectl, "web"],
      [second.kubectl, "shop"],
    ] as const)
      await kubectl.apply(listOf({ ...ports(name), metadata: { name: "same-port" } }));
    const checkFirst = async () => {
      for (const url of [
        `http://${web.ip}/`,
        `http://${web.balancer}/`,
        `http://127.0.0.1:${web.nodePort}/`,
        `http://${namespace.address}:30080/`,
      ])
        await answers(namespace, url, /^web-/);
      await untilAnswers(web.client, ["http://web/"], ([answer]) => answer!.startsWith("web-"));
    };
    await checkFirst();
    await checkSecond();
    await answers(namespace, "http://10.245.0.1:30080/", /^shop-/);

    await second.stop();
    const refused = await knarr(
      two,
      "up",
      "--runtime",
      "containerd",
      "--port",
      "0",
      "--node-address",
      namespace.address,
    );
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      new RegExp(`^knarr: the node address ${namespace.address} belongs to the cluster in ${one}/data [^\\n]*\\n$`),
    );
    const purged = await knarr(two, "down", "--purge");
    assert.equal(purged.code, 0, purged.stderr);
    const traces = [...(await tracesNow({ dirs: [two], namespace }))].filter((trace) => trace.includes(two));
    assert.deepEqual(traces, []);
    assert.doesNotMatch(await namespace.must("ip", ["route"]), /10\.245|10\.112/);
    await checkFirst();
    assert.deepEqual(await podsOf(again.kubectl), pods);

    // What other programs remove from a running node is restored.
    const { id } = JSON.parse(await readFile(join(one, "data/network.json"), "utf8")) as { id: string };
    await namespace.must("nft", ["delete", "table", "ip", `knarr-${id}`]);
    await checkFirst();
    await namespace.must("ip", ["link", "delete", "dev", `knarr-${id}`]);
    await checkFirst();
    const fresh = await again.kubectl("run", "late", "--image=test/server:1", "--port=8080");
    assert.match(fresh, /created/);
    await again.kubectl("wait", "pod/late", "--for=condition=Ready", "--timeout=120s");
    assert.deepEqual(
      (await podsOf(again.kubectl)).filter((line) => pods.includes(line)),
      pods,
      "the same Pods",
    );
    await again.stop();
    // And what was removed while it was stopped, with the next start.
    await namespace.must("ip", ["link", "delete", "dev", `knarr-${id}`]);
    const last = await up(one);
    await checkFirst();
    assert.deepEqual(
      (await podsOf(last.kubectl)).filter((line) => pods.includes(line)),
      pods,
      "the same Pods still",
    );
    await last.stop();
    assert.equal((await knarr(one, "down", "--purge")).code, 0);
    assert.deepEqual(await leaksSince(untouched, { dirs: [...dirs], namespace }), []);
  } finally {
    for (const cluster of running) await cluster.stop();
    for (const dir of dirs) await knarr(dir, "down", "--purge");
    for (const dir of dirs) await rm(dir, { recursive: true, force: true });
  }
});

test("what a version left behind that knew of one cluster only is taken over", { skip }, async () => {
  await using real = await startRestartable();
  const { namespace } = real;
  const web = await startWeb(real.current.kubectl, "web");
  const pods = await podsOf(real.current.kubectl);
  await real.current.stop();
  await asAnEarlierVersion(real);

  const { kubectl } = await real.start();
  assert.deepEqual(await podsOf(kubectl), pods, "nothing was restarted");
  await answers(namespace, `http://${web.balancer}/`, /^web-/);
  await kubectl("scale", "deployment/web", "--replicas=4");
  await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  await untilAnswers(web.client, ["http://web/"], (found) => new Set(found).size === 4, { times: 40 });
  const addresses = (await podsOf(kubectl)).map((line) => line.split(" ")[0]);
  assert.equal(new Set(addresses).size, 5, "no address twice");
  const links = await namespace.must("ip", ["-brief", "link", "show", "type", "bridge"]);
  assert.match(links, /^knarr-[0-9a-f]{8} [^\n]*\n$/);
  assert.doesNotMatch(await namespace.must("nft", ["list", "tables"]), /knarr$/m);
  assert.deepEqual(await real.end(), []);
});

/** Where the library of CNI remembers Pods by the name of their network. */
const CNI_RESULTS = "/var/lib/cni/results";

/** Gives the network of a cluster that has stopped the names that it had before there could be several. */
async function asAnEarlierVersion({ dataDir, namespace }: RestartableCluster): Promise<void> {
  const { id } = JSON.parse(await readFile(join(dataDir, "network.json"), "utf8")) as { id: string };
  const name = `knarr-${id}`;
  const table = await namespace.must("nft", ["list", "table", "ip", name]);
  const commands = `delete table ip ${name}\n${table.replaceAll(name, "knarr")}`;
  await namespace.must("ip", ["link", "set", "dev", name, "alias", "", "name", "knarr0"]);
  await namespace.must("nft", ["-f", "-"], { input: commands.replaceAll(`"knarr"`, `"knarr0"`) });
  await rename(join(dataDir, "containerd/addresses", name), join(dataDir, "containerd/addresses/knarr"));
  for (const file of await readdir(CNI_RESULTS)) {
    if (file.startsWith(`${name}-`))
      await rename(join(CNI_RESULTS, file), join(CNI_RESULTS, file.replace(name, "knarr")));
  }
  await rm(join(dataDir, "network.json"));
}
