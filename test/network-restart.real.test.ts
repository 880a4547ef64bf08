import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnlessReal } from "./support/machine.ts";
import { startRestartable } from "./support/real-cluster.ts";
import { get, requestLoop } from "./support/requests.ts";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";
import { listOf, serverDeployment, serverPod, service, startClient, untilAnswers } from "./support/servers.ts";
import { watching } from "./support/watching.ts";

const skip = await skipUnlessReal();

const PORTS = [
  { name: "http", containerPort: 8080 },
  { name: "udp", containerPort: 9090, protocol: "UDP" },
];

test(
  "Services go on when Knarr is killed, while it is away, and when it comes back; a lost network configuration is made anew",
  { skip },
  async () => {
    await using real = await startRestartable();
    const { namespace, dataDir } = real;
    const { kubectl } = real.current;
    const servers = { args: ["--udp", "9090"], ports: PORTS };
    const ports = [
      { name: "http", port: 80, targetPort: "http" },
      { name: "udp", port: 80, targetPort: "udp", protocol: "UDP" },
    ];
    await kubectl.apply(
      listOf(
        serverDeployment("web", 2, servers),
        service("web", { type: "LoadBalancer", ports }),
        serverPod("on-port", { ports: [{ containerPort: 8080, hostPort: 54321 }] }),
      ),
    );
    const client = await startClient(kubectl);
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await kubectl("wait", "pod/on-port", "--for=condition=Ready", "--timeout=120s");
    const ip = await kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}");
    const nodePort = await kubectl("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}");
    const ways = [
      `http://${ip}/`,
      `http://127.0.0.1:${nodePort}/`,
      `http://${namespace.address}/`,
      "http://127.0.0.1:54321/",
    ];
    await untilAnswers(client, ["http://web/"], ([answer]) => answer!.startsWith("web-"));
    for (const way of ways) await eventually(way, () => get(namespace, way));
    const before = await identities(kubectl);
    const loops = ways.map((way) => requestLoop(namespace, way, { parallel: 1 }));
    for (const loop of loops) await loop.more(5);

    await real.current.stop("SIGKILL");
    for (const loop of loops) await loop.more(20);
    const inside = await namespace.run(process.execPath, ["-e", ASK_UDP, ip]);
    assert.match(inside.stdout, /^web-/, "datagrams too");
    const again = await real.start();
    for (const loop of loops) await loop.more(20);
    for (const [i, loop] of loops.entries()) {
      const { sent, failed } = await loop.stop();
      assert.deepEqual(failed, [], `${ways[i]}: of ${sent}`);
    }
    assert.deepEqual(await identities(again.kubectl), before, "nothing was restarted");

    // Names, the API's own Service, and changes, as if nothing had been.
    await untilAnswers(
      client,
      ["http://web/", "http://kubernetes:443/"],
      ([web, api]) => web!.startsWith("web-") && !api!.includes("connect"),
    );
    await again.kubectl("scale", "deployment/web", "--replicas=1");
    await untilAnswers(client, ["http://web/"], (answers) => new Set(answers).size === 1, { times: 10 });
    await again.kubectl("delete", "service", "web");
    await untilAnswers(client, [`http://${ip}/`], ([answer]) => answer!.startsWith("! "));
    assert.equal(await get(namespace, "http://127.0.0.1:54321/"), "on-port");

    // An administrator removed too much: the node says so, and recovers.
    const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}{"\\n"}';
    await using nodes = watching(again.kubectl, "get", "nodes", "--watch", "-o", ready);
    await nodes.shows("a node that is well", (printed) => printed.includes("True"));
    rmSync(join(dataDir, "containerd/cni/10-knarr.conflist"));
    await nodes.shows("a node that is not", (printed) => printed.includes("False"));
    await again.kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=120s");
    await again.kubectl("run", "late", "--image=test/server:1");
    await again.kubectl("wait", "pod/late", "--for=condition=Ready", "--timeout=120s");
  },
);

/** Which containers of which Pods run, and at which addresses. */
async function identities(kubectl: Kubectl): Promise<readonly string[]> {
  const path =
    "{range .items[*]}{.metadata.uid} {.status.podIP} {.status.containerStatuses[*].containerID}{'\\n'}{end}";
  return (await kubectl("get", "pods", "-o", `jsonpath=${path}`)).trim().split("\n").sort();
}

const ASK_UDP = `
  const socket = require("node:dgram").createSocket("udp4");
  socket.on("message", (data) => { console.log(String(data)); socket.close(); });
  socket.send("name", 80, process.argv[1]);
  setTimeout(() => process.exit(1), 5000).unref();`;
