import type { Clock, Log, Random, Scope } from "#base";
import { createCaches, createRecorder, type Cache, type Client, type SharedCaches } from "#client";
import { createSources, feedPods, startKubelet, type Kubelet, type NodeDescription } from "#kubelet";
import { hasReason, keyOf, NODES, PODS, type Node, type Pod } from "#objects";
import { nodeAddressOf, podCidrOf } from "./addresses.ts";
import { createSimulatedVolumes } from "./volumes.ts";
import { ANNOTATION_PREFIX } from "./behaviour.ts";
import { createSimulatedRuntime, type SimulatedTimes } from "./runtime.ts";

export interface SimulatedNodesOptions {
  readonly client: Client;
  /** Shared with others of the process; default: their own. */
  readonly caches?: SharedCaches;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scope: Scope;
  readonly count: number;
  /** `v1.36.3` */
  readonly kubeletVersion: string;
  readonly capacity?: Readonly<Record<string, string>>;
  readonly times?: Partial<SimulatedTimes>;
  /** Told of the nodes that were removed because the count is smaller than it was, and how many pods went with them. */
  readonly onRemoved?: (names: readonly string[], pods: number) => void;
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

/**
 * Starts simulated nodes knarr-1, knarr-2, … All of them share one watch on the pods. Those of a larger count before are
 * removed, with their pods.
 */
export async function startSimulatedNodes(options: SimulatedNodesOptions): Promise<SimulatedNodes> {
  const { client, clock, random, log, scope } = options;
  const kubelets = new Map<string, Kubelet>();
  let started = 0;
  const caches = options.caches ?? createCaches({ client, scope, clock, random, log });
  const pods = caches.of(PODS);
  const nodes = caches.of(NODES);
  await caches.whenSynced();
  await removeSurplus(options, [...nodes.list()], [...pods.list()]);
  const feed = feedPods(pods, kubelets);
  // All nodes share one set of watches. Simulated programs do not read the Services' environment variables.
  const sources = createSources({ client, caches, scope, clock, random, log });

  const add = async () => {
    const index = started++;
    const node = describeSimulatedNode(index, options);
    const times = options.times ? { times: options.times } : {};
    const nodeScope = scope.child(node.name);
    const recorder = createRecorder({
      client,
      component: "kubelet",
      host: node.name,
      clock,
      random,
      log,
      scope: nodeScope,
    });
    const kubelet = await startKubelet({
      node,
      runtime: createSimulatedRuntime({
        clock,
        random,
        podCidr: node.podCidr,
        nodeIp: nodeAddressOf(index),
        ...times,
        current: (pod) => currentPod(pods, pod),
        onBadUsage: (pod, { annotation, problem }) =>
          recorder.event(pod, "Warning", "InvalidSimulation", `${ANNOTATION_PREFIX}${annotation}: ${problem}`),
      }),
      sources,
      volumes: createSimulatedVolumes(sources),
      client,
      clock,
      random,
      log,
      scope: nodeScope,
      currentNode: () => nodes.get(node.name),
    });
    kubelets.set(node.name, kubelet);
    feed.startWith(kubelet);
    return kubelet;
  };

  await Promise.all(Array.from({ length: options.count }, add));
  return { kubelets, add };
}

function currentPod(pods: Cache<Pod>, pod: Pod): Pod | undefined {
  const found = pods.get(keyOf(pod));
  return found?.metadata.uid === pod.metadata.uid ? found : undefined;
}

/**
 * A simulated node is nothing but a number: one that is not to be there any more will never come back, so its pods need
 * not wait until it is given up.
 */
async function removeSurplus(
  { client, count, onRemoved }: SimulatedNodesOptions,
  nodes: readonly Node[],
  pods: readonly Pod[],
): Promise<void> {
  const surplus = nodes.flatMap(({ metadata: { name = "", labels } }) => {
    const number = Number(/^knarr-([1-9]\d*)$/.exec(name)?.[1]);
    return labels?.[RUNTIME_LABEL] === SIMULATED && number > count ? [{ name, number }] : [];
  });
  if (surplus.length === 0) return;
  const names = surplus.sort((a, b) => a.number - b.number).map(({ name }) => name);
  const gone = new Set(names);
  const orphans = pods.filter(({ spec }) => gone.has(spec?.nodeName ?? ""));
  const removed = (deletion: Promise<unknown>) =>
    deletion.catch((error: unknown) => {
      if (!hasReason(error, "NotFound")) throw error;
    });
  await Promise.all(names.map((name) => removed(client.delete(NODES, { namespace: "", name }))));
  await Promise.all(
    orphans.map(({ metadata: { namespace = "", name = "", uid = "" } }) =>
      removed(client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })),
    ),
  );
  onRemoved?.(names, orphans.length);
}

const RUNTIME_LABEL = "knarr.dev/runtime";
const SIMULATED = "simulated";

/** Node number `index` (from 0) as it registers: its name, addresses, pod range and capacity. */
export function describeSimulatedNode(
  index: number,
  { kubeletVersion, capacity = CAPACITY }: Pick<SimulatedNodesOptions, "kubeletVersion" | "capacity">,
): NodeDescription {
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
    labels: { [RUNTIME_LABEL]: SIMULATED },
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
