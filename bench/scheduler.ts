import { createRandom, systemClock } from "#base";
import { selectorFromSet, type Node, type Pod } from "#objects";
import { decide, defaultPlugins, PodInfo, Snapshot } from "#scheduler";

/** What one run of {@link benchScheduler} found. */
export interface SchedulerFigures {
  readonly nodes: number;
  readonly pods: number;
  readonly podsPerSecond: number;
  /** Microseconds for one pod, at the beginning and at the end of the run. */
  readonly firstMicros: number;
  readonly lastMicros: number;
}

export interface SchedulerWorkload {
  readonly nodes: number;
  readonly pods: number;
  /** `plain`: Deployments; `spread`: hard constraints over zones and hosts; `anti-affinity`: one pod of each Deployment on a node. */
  readonly kind?: "plain" | "spread" | "anti-affinity";
}

const PODS_OF_ONE = 100;

function node(index: number): Node {
  const name = `node-${index}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      uid: name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": `zone-${index % 3}`,
      },
    },
    status: { allocatable: { cpu: "64", memory: "256Gi", pods: "500" } },
  };
}

function pod(index: number, kind: NonNullable<SchedulerWorkload["kind"]>): Pod {
  const app = `app-${Math.floor(index / PODS_OF_ONE)}`;
  const labelSelector = { matchLabels: { app } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `pod-${index}`, namespace: "bench", uid: `pod-${index}`, labels: { app, tier: "web" } },
    spec: {
      containers: [{ name: "main", image: "nginx", resources: { requests: { cpu: "50m", memory: "64Mi" } } }],
      tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" }],
      ...(kind === "spread"
        ? {
            topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
              topologyKey,
              maxSkew: 1,
              whenUnsatisfiable: "DoNotSchedule",
              labelSelector,
            })),
          }
        : {}),
      ...(kind === "anti-affinity"
        ? {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { labelSelector, topologyKey: "kubernetes.io/hostname" },
                ],
              },
            },
          }
        : {}),
    },
  };
}

/** Schedules pods onto nodes in memory, without an API: what deciding alone costs. */
export function benchScheduler(workload: SchedulerWorkload): SchedulerFigures {
  const { nodes, pods, kind = "plain" } = workload;
  const snapshot = new Snapshot();
  for (let i = 0; i < nodes; i++) snapshot.setNode(node(i));
  const plugins = defaultPlugins((info) => selectorFromSet({ app: info.labels?.["app"] ?? "" }));
  const random = createRandom(1);
  const waiting = Array.from({ length: pods }, (_, i) => pod(i, kind));
  const marks: number[] = [];
  const part = Math.max(1, Math.floor(pods / 10));
  let startIndex = 0;
  const began = systemClock.monotonic();
  for (const [i, one] of waiting.entries()) {
    if (i % part === 0) marks.push(systemClock.monotonic());
    const info = new PodInfo(one);
    const decision = decide(info, snapshot, { plugins, random, startIndex });
    if (decision.type !== "fits") throw new Error(`pod ${i} did not fit`);
    startIndex = (startIndex + decision.evaluated) % nodes;
    snapshot.setPod(info, decision.node.name);
  }
  const ended = systemClock.monotonic();
  const micros = (from: number, to: number) => Math.round(((to - from) * 1000) / part);
  return {
    nodes,
    pods,
    podsPerSecond: Math.round((pods * 1000) / (ended - began)),
    firstMicros: micros(marks[0]!, marks[1] ?? ended),
    lastMicros: micros(marks[9] ?? marks.at(-1)!, marks[10] ?? ended),
  };
}
