import type { Clock, Log, Random, Scope } from "#base";
import { createCaches, type Client } from "#client";
import { createSources, feedPods, startKubelet, type Kubelet, type NodeDescription } from "#kubelet";
import { NODES, PODS } from "#objects";
import { nodeAddressOf, podCidrOf } from "./addresses.ts";
import { createSimulatedRuntime, type SimulatedTimes } from "./runtime.ts";

export interface SimulatedNodesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope: Scope;
  readonly count: number;
  /** `v1.36.3` */
  readonly kubeletVersion: string;
  readonly capacity?: Readonly<Record<string, string>>;
  readonly times?: Partial<SimulatedTimes>;
}

export interface SimulatedNodes {
  readonly kubelets: ReadonlyMap<string, Kubelet>;
  /** Adds one more node; resolves once it is registered. */
  add(): Promise<Kubelet>;
}

const CAPACITY = {
  cpu: "8",
  memory: "32Gi",
  pods: "110",
  "ephemeral-storage": "100Gi",
  "hugepages-1Gi": "0",
  "hugepages-2Mi": "0",
};

/** Starts simulated nodes knarr-1, knarr-2, … All of them share one watch on the pods. */
export async function startSimulatedNodes(options: SimulatedNodesOptions): Promise<SimulatedNodes> {
  const { client, clock, random, log, scope } = options;
  const kubelets = new Map<string, Kubelet>();
  let started = 0;
  const caches = createCaches({ client, scope, clock, random, log });
  const pods = caches.of(PODS);
  const nodes = caches.of(NODES);
  await caches.whenSynced();
  const feed = feedPods(pods, kubelets);
  // All of them share what is watched. Nobody reads the variables that tell of Services.
  const sources = createSources({ client, scope, clock, random, log });

  const add = async () => {
    const index = started++;
    const node = describe(index, options);
    const times = options.times ? { times: options.times } : {};
    const kubelet = await startKubelet({
      node,
      runtime: createSimulatedRuntime({ clock, random, podCidr: node.podCidr, nodeIp: nodeAddressOf(index), ...times }),
      sources,
      client,
      clock,
      random,
      log,
      scope: scope.child(node.name),
      currentNode: () => nodes.get(node.name),
    });
    kubelets.set(node.name, kubelet);
    feed.startWith(kubelet);
    return kubelet;
  };

  await Promise.all(Array.from({ length: options.count }, add));
  return { kubelets, add };
}

function describe(index: number, { kubeletVersion, capacity = CAPACITY }: SimulatedNodesOptions): NodeDescription {
  const name = `knarr-${index + 1}`;
  const serial = (index + 1).toString(16).padStart(12, "0");
  return {
    name,
    capacity,
    podCidr: podCidrOf(index),
    addresses: [
      { type: "InternalIP", address: nodeAddressOf(index) },
      { type: "Hostname", address: name },
    ],
    labels: { "knarr.dev/runtime": "simulated" },
    features: { supplementalGroupsPolicy: true },
    info: {
      kubeletVersion,
      osImage: "Knarr simulated node",
      kernelVersion: "simulated",
      operatingSystem: "linux",
      architecture: "amd64",
      machineId: `5eed0000${serial.padStart(24, "0")}`,
      systemUuid: `5eed0000-0000-4000-8000-${serial}`,
      bootId: `5eed0001-0000-4000-8000-${serial}`,
    },
  };
}
