import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
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

/** Two data directories in one network of a machine's own. */
async function twoDirectories() {
  await using stack = new AsyncDisposableStack();
  const namespace = stack.use(await createTestNamespace());
  const registry = stack.use(await startRegistry(namespace));
  const make = () => mkdtemp(join(tmpdir(), "knarr-test-"));
  const dirs = [await make(), await make()] as const;
  const untouched = await tracesNow({ dirs: [...dirs], namespace });
  const knarr = (dir: string, ...args: string[]) =>
    namespace.run(KNARR, [...args, "--data-dir", join(dir, "data")], {
      env: { ...process.env, HOME: dir, KUBECONFIG: join(dir, "kubeconfig") },
    });
  const running: ClusterUnderTest[] = [];
  stack.defer(async () => {
    for (const cluster of running) await cluster.stop();
    for (const dir of dirs) {
      await knarr(dir, "down", "--purge");
      await rm(dir, { recursive: true, force: true });
    }
  });
  const all = stack.move();
  return {
    namespace,
    one: dirs[0],
    two: dirs[1],
    knarr,
    async up(dir: string) {
      const cluster = await startUnderTest({ real: { namespace, registry }, dir });
      running.push(cluster);
      return cluster;
    },
    left: () => leaksSince(untouched, { dirs: [...dirs], namespace }),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

describe("clusters of several data directories on one machine", { skip, timeout: 900_000 }, () => {
  let machine: Awaited<ReturnType<typeof twoDirectories>>;
  let namespace: TestNamespace;
  let first: ClusterUnderTest;
  let second: ClusterUnderTest;
  let web: Awaited<ReturnType<typeof startWeb>>;
  let shop: Awaited<ReturnType<typeof startWeb>>;
  let pods: readonly string[];

  before(async () => {
    machine = await twoDirectories();
    namespace = machine.namespace;
    first = await machine.up(machine.one);
    web = await startWeb(first.kubectl, "web");
    pods = await podsOf(first.kubectl);
  });
  after(() => machine?.[Symbol.asyncDispose]());

  const checkFirst = async () => {
    const ways = [`http://${web.ip}/`, `http://${web.balancer}/`, `http://127.0.0.1:${web.nodePort}/`];
    for (const url of ways) await answers(namespace, url, /^web-/);
    await untilAnswers(web.client, ["http://web/"], ([answer]) => answer!.startsWith("web-"));
  };
  const checkSecond = async () => {
    const ways = [`http://${shop.ip}/`, `http://10.245.0.1:${shop.nodePort}/`, `http://${shop.balancer}/`];
    for (const url of ways) await answers(namespace, url, /^shop-/);
    await untilAnswers(shop.client, ["http://shop/"], ([answer]) => answer!.startsWith("shop-"));
  };
  /** The Pods of the first are those that it had at the beginning, and perhaps more. */
  const checkSamePods = async () => {
    const now = await podsOf(first.kubectl);
    assert.deepEqual(
      pods.filter((pod) => !now.includes(pod)),
      [],
    );
  };

  test("Ctrl-C says what goes on running, and which command ends it", async () => {
    await checkFirst();
    assert.equal(await first.stop("SIGINT"), 0);
    const left = `its 3 Pods go on running; end them with: knarr down --purge --data-dir ${machine.one}/data\n`;
    assert.ok(first.output().endsWith(left), first.output());
  });

  test("the second steps aside for what the first has left, and says so", async () => {
    second = await machine.up(machine.two);
    const said = new RegExp(
      `^beside the cluster in ${machine.one}/data \\(bridge knarr-[0-9a-f]{8}\\): Pods in 10\\.245\\.0\\.0/16, Services in 10\\.112\\.0\\.0/16, node ports on 10\\.245\\.0\\.1 only$`,
      "m",
    );
    assert.match(second.output(), said);
    shop = await startWeb(second.kubectl, "shop");
    for (const pod of await podsOf(second.kubectl)) assert.match(pod, /^10\.245\.0\./);
    assert.deepEqual([await nodeAddressOf(second.kubectl), shop.balancer], ["10.245.0.1", "10.245.0.1"]);
    assert.equal(web.balancer, namespace.address);
    await checkSecond();
    await answers(namespace, `http://${web.balancer}/`, /^web-/);
  });

  test("both run at once; a node port that both have is each one's own on its own address", async () => {
    first = await machine.up(machine.one);
    await checkSamePods();
    const ports = [{ port: 80, nodePort: 30080, targetPort: "http" }];
    for (const [kubectl, name] of [
      [first.kubectl, "web"],
      [second.kubectl, "shop"],
    ] as const)
      await kubectl.apply(listOf({ ...service(name, { type: "NodePort", ports }), metadata: { name: "same-port" } }));
    await checkFirst();
    await checkSecond();
    await answers(namespace, `http://${namespace.address}:30080/`, /^web-/);
    await answers(namespace, "http://10.245.0.1:30080/", /^shop-/);
  });

  test("an address of the other's is refused by name", async () => {
    await second.stop();
    const asked = ["--runtime", "containerd", "--port", "0", "--node-address", namespace.address];
    const { code, stderr } = await machine.knarr(machine.two, "up", ...asked);
    assert.equal(code, 1);
    const why = `^knarr: the node address ${namespace.address} belongs to the cluster in ${machine.one}/data [^\\n]*\\n$`;
    assert.match(stderr, new RegExp(why));
  });

  test("a purge of the second takes all that is its own, and nothing of the first's", async () => {
    const { code, stderr } = await machine.knarr(machine.two, "down", "--purge");
    assert.equal(code, 0, stderr);
    const traces = [...(await tracesNow({ dirs: [machine.two], namespace }))];
    assert.deepEqual(
      traces.filter((trace) => trace.includes(machine.two)),
      [],
    );
    assert.doesNotMatch(await namespace.must("ip", ["route"]), /10\.245|10\.112/);
    await checkFirst();
    await checkSamePods();
  });

  test("rules and bridge that another program removes are restored, while the node runs and with its next start", async () => {
    const network = await readFile(join(machine.one, "data/network.json"), "utf8");
    const name = `knarr-${(JSON.parse(network) as { id: string }).id}`;
    await namespace.must("nft", ["delete", "table", "ip", name]);
    await checkFirst();
    await namespace.must("ip", ["link", "delete", "dev", name]);
    await checkFirst();
    await first.kubectl("run", "late", "--image=test/server:1", "--port=8080");
    await first.kubectl("wait", "pod/late", "--for=condition=Ready", "--timeout=120s");
    await checkSamePods();
    await first.stop();
    await namespace.must("ip", ["link", "delete", "dev", name]);
    first = await machine.up(machine.one);
    await checkFirst();
    await checkSamePods();
  });

  test("the purge of the last leaves nothing", async () => {
    await first.stop();
    assert.equal((await machine.knarr(machine.one, "down", "--purge")).code, 0);
    assert.deepEqual(await machine.left(), []);
  });
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
