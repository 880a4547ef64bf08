import { sleep, systemClock } from "#base";
import type { KubeconfigContext } from "#client";
import { openLoadClient, type LoadClient } from "../http/connection.ts";

/** A Kubernetes that the API workloads run against, in a namespace of their own. */
export interface Target {
  readonly name: string;
  readonly access: KubeconfigContext;
  readonly client: LoadClient;
  readonly namespace: string;
  /** A number that no other object of this run has. */
  next(): number;
  /** Deletes the namespace, on a cluster that lives on. */
  remove(): Promise<void>;
  close(): void;
}

const PATIENCE_MS = 10_000;

/** Connects and makes the namespace; waits for its service account, which Pods need. */
export async function openTarget(name: string, access: KubeconfigContext): Promise<Target> {
  const client = openLoadClient(access);
  const namespace = `bench-${Date.now().toString(36)}`;
  await client.json("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    const { status } = await client.send("GET", account);
    if (status === 200 || !(await serves(client, "serviceaccounts"))) break;
    await sleep(systemClock, 20);
  }
  let serial = 0;
  return {
    name,
    access,
    client,
    namespace,
    next: () => ++serial,
    async remove() {
      await client.send("DELETE", `/api/v1/namespaces/${namespace}`);
    },
    close: () => client.close(),
  };
}

/** Whether the server has a resource of the core group at all. */
async function serves(client: LoadClient, resource: string): Promise<boolean> {
  const { resources } = await client.json<{ resources: { name: string }[] }>("GET", "/api/v1");
  return resources.some(({ name }) => name === resource);
}
