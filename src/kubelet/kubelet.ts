import type { Clock, Log, Random, Scope } from "#base";
import { createRecorder, type Client } from "#client";
import { isPodTerminal, type Pod } from "#objects";
import { startNodeAgent } from "./node/agent.ts";
import type { NodeDescription } from "./node/describe.ts";
import { PodWorker } from "./pod/worker.ts";
import type { Runtime } from "./runtime.ts";

export interface KubeletOptions {
  readonly node: NodeDescription;
  readonly runtime: Runtime;
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Closing it stops the kubelet; what runs goes on running. */
  readonly scope: Scope;
}

/** The agent of one node. */
export interface Kubelet {
  readonly nodeName: string;
  readonly runtime: Runtime;
  /** The state of a pod assigned to this node, as the API has it. */
  observe(pod: Pod): void;
  /** The API has the pod no longer. */
  forget(pod: Pod): void;
  /** By uid. */
  worker(uid: string): PodWorker | undefined;
}

/** Registers the node and makes its kubelet; the pods are handed to it by whoever watches them. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { node, runtime, client, clock, random, scope } = options;
  const log = options.log.with({ node: node.name });
  const recorder = createRecorder({ client, component: "kubelet", host: node.name, clock, random, log, scope });
  const workers = new Map<string, PodWorker>();

  scope.defer(async () => {
    for (const worker of workers.values()) worker.close();
    await runtime.close();
  });
  runtime.onExit((exit) => {
    for (const worker of workers.values()) if (worker.exited(exit)) return;
  });
  const agent = await startNodeAgent({
    description: node,
    client,
    recorder,
    images: () => runtime.images(),
    clock,
    random,
    log,
    scope,
  });
  const nodeIps = node.addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address);

  return {
    nodeName: node.name,
    runtime,
    worker: (uid) => workers.get(uid),
    observe(pod) {
      const { uid = "" } = pod.metadata;
      const known = workers.get(uid);
      if (known) {
        known.observe(pod);
        return;
      }
      // Finished before this kubelet came: nothing runs, and only its deletion would be left to do.
      if (isPodTerminal(pod) && !pod.metadata.deletionTimestamp) return;
      const worker = new PodWorker(pod, {
        client,
        runtime,
        recorder,
        clock,
        log,
        nodeIps,
        onGone: (gone) => workers.delete(gone),
        onImages: () => agent.imagesChanged(),
      });
      workers.set(uid, worker);
      worker.start().catch((error: unknown) => log.error("a pod could not be taken up", { pod: uid, error }));
    },
    forget(pod) {
      workers.get(pod.metadata.uid ?? "")?.forget();
    },
  };
}
