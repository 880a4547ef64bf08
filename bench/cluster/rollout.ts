import type { Measure } from "../figure.ts";
import { openLoadClient, type LoadClient } from "../http/connection.ts";
import { watchAvailablePods } from "./available-pods.ts";
import { deployment, isComplete, type DeploymentSeen } from "./deployment.ts";
import { withKnarr } from "./knarr-process.ts";
import { processUse } from "./process-use.ts";
import { untilDone } from "./until.ts";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";

/** Resolves to the milliseconds since `began` when the Deployment is as its spec asks. */
async function completed(client: LoadClient, name: string, began: number): Promise<number> {
  await untilDone<DeploymentSeen>(client, {
    path: `${DEPLOYMENTS}?fieldSelector=metadata.name%3D${name}`,
    isDone: isComplete,
  });
  return performance.now() - began;
}

async function create(client: LoadClient, name: string, replicas: number): Promise<number> {
  const began = performance.now();
  await client.json("POST", DEPLOYMENTS, deployment(name, replicas, "nginx:1.29"));
  return completed(client, name, began);
}

async function update(client: LoadClient, name: string, image: string): Promise<number> {
  const began = performance.now();
  const patch = { spec: { template: { spec: { containers: [{ name: "web", image }] } } } };
  await client.json("PATCH", `${DEPLOYMENTS}/${name}`, patch, "application/strategic-merge-patch+json");
  return completed(client, name, began);
}

/**
 * A Deployment created and updated at 25 %/25 %. One of a single replica tells what the simulated times alone
 * take: how much the large one needs beyond that is the cluster's own.
 */
export function benchRollout(replicas: number, nodes: number): Promise<Measure[]> {
  return withKnarr(["--nodes", String(nodes)], async ({ access, pid }) => {
    const client = openLoadClient(access);
    const pods = watchAvailablePods(client, "/api/v1/namespaces/default/pods?watch=1&labelSelector=app%3Dlarge");
    try {
      const one = await create(client, "single", 1);
      const oneUpdated = await update(client, "single", "httpd:2.4");
      const { cpuSeconds: before } = processUse(pid);
      const created = await create(client, "large", replicas);
      const { cpuSeconds: between } = processUse(pid);
      pods.reset();
      const updated = await update(client, "large", "httpd:2.4");
      const { cpuSeconds: after } = processUse(pid);
      const what = `Deployment of ${replicas.toLocaleString("en")} on ${nodes} nodes`;
      return [
        { name: "Deployment of 1: create", value: one, unit: "ms" },
        { name: "Deployment of 1: update", value: oneUpdated, unit: "ms" },
        { name: `${what}: create`, value: created, unit: "ms" },
        { name: `${what}: create, processor time`, value: (between - before) * 1000, unit: "ms" },
        { name: `${what}: update at 25 %/25 %`, value: updated, unit: "ms" },
        { name: `${what}: update, processor time`, value: (after - between) * 1000, unit: "ms" },
        { name: `${what}: lowest during the update`, value: pods.lowest, unit: "pods available" },
      ];
    } finally {
      pods.close();
      client.close();
    }
  });
}
