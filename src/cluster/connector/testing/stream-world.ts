import { createLog, createScope, systemClock, systemRandom } from "#base";
import { versionInfo } from "#apiserver";
import type { Client } from "#client";
import { ADMIN, bootstrap, createControlPlane, KUBELET, type ControlPlane } from "#composition";
import type { Kubelet, KubeletStreams, RuntimeStreams } from "#kubelet";
import { PODS, SERVICE_ACCOUNTS, type Pod, type PodSpec } from "#objects";
import { createMemoryStore } from "#store/memory";
import { kubeconfigFor } from "../../kubeconfig/document.ts";
import { createListener } from "../../listener.ts";
import { credentialsOf } from "../../pki/credentials.ts";
import { signingKey } from "../../pki/signing-key.ts";
import { createConnector } from "../connector.ts";

/** An API server on TLS with one node whose pods have the given streams: for tests. */
export interface StreamWorld extends AsyncDisposable {
  readonly client: Client;
  readonly kubeconfig: string;
  readonly port: number;
  /** What was logged as a warning or an error. */
  readonly complaints: readonly string[];
  /** Creates a pod on the node; every container of it counts as running. */
  pod(name: string, spec?: Partial<PodSpec>): Promise<Pod>;
}

const NODE = "node-1";

export async function createStreamWorld(streams: RuntimeStreams): Promise<StreamWorld> {
  const clock = systemClock;
  const random = systemRandom;
  const complaints: string[] = [];
  const log = createLog((level, message, fields) => {
    if (level === "warn" || level === "error") complaints.push(`${message} ${String(fields["error"])}`);
  });
  const scope = createScope("streams");
  const store = createMemoryStore({ clock });
  const kubelet = fakeKubelet(streams);
  const { apiServer }: ControlPlane = await createControlPlane({
    store,
    signingKey: () => signingKey(undefined),
    version: versionInfo({ knarr: "test", platform: "test", runtime: "test" }),
    clock,
    random,
    log,
    scope: scope.child("control plane"),
    connector: createConnector({
      clock,
      random,
      client: () => apiServer.client(KUBELET),
      kubelet: (name) => (name === NODE ? kubelet : undefined),
    }),
    unready: () => undefined,
  });
  const credentials = credentialsOf(undefined, clock, ["127.0.0.1"]);
  const listener = createListener({ options: { port: 0 }, credentials, log, scope });
  await listener.begin(apiServer);
  const server = await listener.listen();
  const client = apiServer.client(ADMIN);
  await bootstrap(client, { apiServerPort: server.port });
  await client.create(SERVICE_ACCOUNTS, { metadata: { name: "default", namespace: "default" } });
  return {
    client,
    kubeconfig: kubeconfigFor("streams", await listener.access()),
    port: server.port,
    complaints,
    async pod(name, spec = {}) {
      const pod = await client.create(PODS, {
        metadata: { name, namespace: "default" },
        spec: { nodeName: NODE, containers: [{ name: "main", image: "main" }], ...spec },
      });
      return client.update(PODS, { ...pod, status: { ...pod.status, phase: "Running" } }, { subresource: "status" });
    },
    async [Symbol.asyncDispose]() {
      await scope.close();
      await store.close();
    },
  };
}

function fakeKubelet(streams: RuntimeStreams): Kubelet {
  const joined: KubeletStreams = {
    exec: (id, request) => streams.exec(id, request),
    attach: (id, request) => streams.attach(id, request),
    portForward: (id, port) => streams.portForward(id, port),
    runningContainer: (pod, name) => (name === "ended" ? undefined : `test://${pod.metadata.uid}/${name}`),
    runningSandbox: (pod) => (pod.metadata.name === "ended" ? undefined : (pod.metadata.uid ?? "")),
  };
  return {
    nodeName: NODE,
    observe: () => {},
    pods: () => [],
    forget: () => {},
    logs: () => {
      throw new Error("nothing is logged here");
    },
    streams: joined,
  };
}
