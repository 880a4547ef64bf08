import { createRandom, createScope, silentLog } from "#base";
import { createCaches } from "#client";
import { createSimulatedRuntime } from "#kubelet/simulated";
import { PODS } from "#objects";
import { feedPods } from "../feed.ts";
import { startKubelet, type Kubelet } from "../kubelet.ts";
import type { Runtime } from "../runtime.ts";
import type { Volumes } from "../volumes.ts";
import { createTestWorld, EXACT, type TestWorld } from "./world.ts";

export interface KubeletWorldOptions {
  readonly volumes?: Volumes;
  /** Stands between the kubelet and its simulated runtime. */
  readonly wrap?: (runtime: Runtime) => Runtime;
}

/** A node whose volumes or runtime are the test's: knarr-1. */
export async function createKubeletWorld({ volumes, wrap = (runtime) => runtime }: KubeletWorldOptions) {
  const world = await createTestWorld({ nodes: 0 });
  const stops: (() => Promise<void>)[] = [];
  const start = async () => {
    const stop = await startNode(world, volumes, wrap);
    stops.push(stop);
    return stop;
  };
  await start();
  return {
    ...world,
    /** The kubelet is replaced by another, as by a restart of its process. */
    async restart() {
      await stops.pop()?.();
      await start();
    },
    async [Symbol.asyncDispose]() {
      for (const stop of stops) await stop();
      await world[Symbol.asyncDispose]();
    },
  };
}

async function startNode(
  { client, clock }: TestWorld,
  volumes: Volumes | undefined,
  wrap: (runtime: Runtime) => Runtime,
): Promise<() => Promise<void>> {
  const scope = createScope("node");
  const random = createRandom(1);
  const kubelets = new Map<string, Kubelet>();
  const pods = createCaches({ client, scope, clock, random, log: silentLog }).of(PODS);
  await pods.whenSynced();
  const podCidr = "10.244.0.0/24";
  const nodeIp = "172.18.0.2";
  const kubelet = await startKubelet({
    node: {
      name: "knarr-1",
      capacity: { cpu: "8", memory: "32Gi", pods: "110" },
      podCidr,
      addresses: [{ type: "InternalIP", address: nodeIp }],
      info: {
        kubeletVersion: "v1.36.0",
        osImage: "",
        kernelVersion: "",
        operatingSystem: "linux",
        architecture: "amd64",
        machineId: "",
        systemUuid: "",
        bootId: "",
      },
    },
    runtime: wrap(createSimulatedRuntime({ clock, random, podCidr, nodeIp, times: EXACT })),
    ...(volumes ? { volumes } : {}),
    client,
    clock,
    random,
    log: silentLog,
    scope,
    currentNode: () => undefined,
  });
  kubelets.set("knarr-1", kubelet);
  feedPods(pods, kubelets).startWith(kubelet);
  return () => scope.close();
}
