import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { skipUnlessReal } from "./support/machine.ts";
import { get, requestLoop } from "./support/requests.ts";
import { eventually, type Kubectl } from "./support/cluster-under-test.ts";
import { useRealCluster } from "./support/use-real-cluster.ts";

const skip = await skipUnlessReal();

const DEPLOYMENT = (image: string, more = "") => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  ${more}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: main
          image: ${image}
          ports: [{ containerPort: 80 }]
          readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 1, timeoutSeconds: 10 }
          lifecycle: { preStop: { sleep: { seconds: 4 } } }
`;

describe("the story with real containers (S6 to S8, S20 to S25)", { skip }, () => {
  const real = useRealCluster();

  /** Addresses of the Service `web`: inside the cluster, on a port of the node, and at the balancer. */
  async function addressesOf(kubectl: Kubectl): Promise<readonly string[]> {
    const service = await eventually("an address of the balancer", async () => {
      const found = await kubectl.json<{
        spec: { clusterIP: string; ports: { nodePort: number }[] };
        status: { loadBalancer: { ingress?: { ip: string }[] } };
      }>("service", "web");
      return found.status.loadBalancer.ingress ? found : undefined;
    });
    const { clusterIP, ports } = service.spec;
    return [
      `http://${clusterIP}/version`,
      `http://127.0.0.1:${ports[0]!.nodePort}/version`,
      `http://${service.status.loadBalancer.ingress![0]!.ip}/version`,
    ];
  }

  test("updates and rolls back without one failed request, by every way in", async () => {
    const kubectl = await real.cluster.inNamespace("rolling");
    await kubectl.apply(DEPLOYMENT("nginx:1.27"));
    await kubectl("expose", "deployment", "web", "--type=LoadBalancer", "--port=80");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const urls = await addressesOf(kubectl);
    // Packets flow a moment after the Service says so.
    for (const url of urls) await eventually(url, () => get(real.namespace, url));
    const phases = [`asked at ${Date.now()}`];
    const loops = urls.map((url) => requestLoop(real.namespace, url));
    for (const loop of loops) await loop.more(10);
    await kubectl.apply(DEPLOYMENT("httpd:2.4"));
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    phases.push(`updated at ${Date.now()}`);
    await kubectl("rollout", "undo", "deployment/web", "--to-revision=1");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    phases.push(`rolled back at ${Date.now()}`);
    for (const loop of loops) await loop.more(10);
    for (const [i, loop] of loops.entries()) {
      const { sent, failed, bodies } = await loop.stop();
      assert.deepEqual(failed, [], `of ${sent} to ${urls[i]}: ${phases.join(", ")}`);
      assert.deepEqual([...bodies.keys()].map((body) => body.trim()).toSorted(), ["1.27", "2.4"]);
    }
  });

  test("Recreate is an outage that can be seen, and ends by itself", async () => {
    const kubectl = await real.cluster.inNamespace("recreating");
    await kubectl.apply(DEPLOYMENT("nginx:1.27", "strategy: { type: Recreate }"));
    await kubectl("expose", "deployment", "web", "--type=LoadBalancer", "--port=80", "--name=web");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const { clusterIP } = (await kubectl.json<{ spec: { clusterIP: string } }>("service", "web")).spec;
    const loop = requestLoop(real.namespace, `http://${clusterIP}/version`);
    await loop.more(10);
    await kubectl.apply(DEPLOYMENT("httpd:2.4", "strategy: { type: Recreate }"));
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await eventually("the new version to answer", async () =>
      (await get(real.namespace, `http://${clusterIP}/version`)).includes("2.4"),
    );
    const { failed } = await loop.stop();
    assert.ok(failed.length > 0, "every request was answered: no client saw an outage");
  });
});
