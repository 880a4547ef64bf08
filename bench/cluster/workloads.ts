import type { Measure } from "../figure.ts";
import { eachOf } from "../api/in-flight.ts";
import { openLoadClient, type LoadClient } from "../http/connection.ts";
import { withKnarr } from "./knarr-process.ts";
import { cpuShare, processUse } from "./process-use.ts";
import { untilDone } from "./until.ts";

/** How many of everything. */
export interface WorkloadScale {
  readonly nodes: number;
  readonly pets: number;
  readonly daemons: number;
  readonly jobs: number;
  readonly claims: number;
}

const PODS_OF_A_JOB = 4;
/** Containers that take no time of their own, so that what is measured is the cluster. */
const AT_ONCE = { "simulated.knarr.dev/pull-seconds": "0", "simulated.knarr.dev/start-seconds": "0" };

const namespaced = (group: string, resource: string) => `/${group}/namespaces/default/${resource}`;
const STATEFUL_SETS = namespaced("apis/apps/v1", "statefulsets");
const DAEMON_SETS = namespaced("apis/apps/v1", "daemonsets");
const JOBS = namespaced("apis/batch/v1", "jobs");
const CLAIMS = namespaced("api/v1", "persistentvolumeclaims");
const PODS = namespaced("api/v1", "pods");

interface Named {
  readonly metadata: { readonly name: string };
}

interface StatefulSetSeen extends Named {
  readonly status?: { readonly availableReplicas?: number };
}

interface DaemonSetSeen extends Named {
  readonly status?: { readonly numberAvailable?: number };
}

interface JobSeen extends Named {
  readonly status?: {
    readonly succeeded?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface PhaseSeen extends Named {
  readonly status?: { readonly phase?: string };
}

const template = (app: string, spec: object = {}, annotations: object = {}) => ({
  metadata: { labels: { app }, annotations: { ...AT_ONCE, ...annotations } },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "main", image: "nginx:1.29" }], ...spec },
});

const statefulSet = (name: string, replicas: number, podManagementPolicy: string) => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name },
  spec: {
    replicas,
    podManagementPolicy,
    serviceName: name,
    selector: { matchLabels: { app: name } },
    template: template(name),
  },
});

const daemonSet = (name: string) => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: template(name) },
});

const job = (name: string) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name },
  spec: {
    parallelism: PODS_OF_A_JOB,
    completions: PODS_OF_A_JOB,
    template: template(name, { restartPolicy: "Never" }, { "simulated.knarr.dev/exit-after-seconds": "0" }),
  },
});

const claim = (name: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
});

const consumer = (name: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, ...template("consumer").metadata },
  spec: {
    ...template("consumer").spec,
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: name } }],
  },
});

/** What one of the workloads is, and when it is done. */
interface Workload {
  readonly what: string;
  readonly count: number;
  readonly nodes: number;
  readonly run: (client: LoadClient) => Promise<unknown>;
}

/** A set of Pods that says itself how many are available. */
const setRunner =
  <T extends Named>(path: string, set: Named, isDone: (seen: T) => boolean) =>
  async (client: LoadClient) => {
    await client.json("POST", path, set);
    await untilDone<T>(client, { path: `${path}?fieldSelector=metadata.name%3D${set.metadata.name}`, isDone });
  };

function workloadsOf({ nodes, pets, daemons, jobs, claims }: WorkloadScale): readonly Workload[] {
  const allPets = ({ status }: StatefulSetSeen) => status?.availableReplicas === pets;
  return [
    {
      what: `StatefulSet of ${pets}, Parallel`,
      count: pets,
      nodes,
      run: setRunner(STATEFUL_SETS, statefulSet("herd", pets, "Parallel"), allPets),
    },
    {
      what: `StatefulSet of ${pets}, ordered`,
      count: pets,
      nodes,
      run: setRunner(STATEFUL_SETS, statefulSet("row", pets, "OrderedReady"), allPets),
    },
    {
      what: `DaemonSet on ${daemons.toLocaleString("en")} nodes`,
      count: daemons,
      nodes: daemons,
      run: setRunner<DaemonSetSeen>(
        DAEMON_SETS,
        daemonSet("agent"),
        ({ status }) => status?.numberAvailable === daemons,
      ),
    },
    {
      what: `${jobs} Jobs of ${PODS_OF_A_JOB} Pods`,
      count: jobs * PODS_OF_A_JOB,
      nodes,
      async run(client) {
        const isDone = ({ status }: JobSeen) =>
          status?.succeeded === PODS_OF_A_JOB &&
          (status.conditions?.some(({ type, status: value }) => type === "Complete" && value === "True") ?? false);
        const done = untilDone<JobSeen>(client, { path: JOBS, isDone }, jobs);
        await Promise.all([eachOf(jobs, (index) => client.json("POST", JOBS, job(`job-${index}`))), done]);
      },
    },
    {
      what: `${claims.toLocaleString("en")} claims provisioned for their Pods`,
      count: claims,
      nodes,
      async run(client) {
        const done = Promise.all([
          untilDone<PhaseSeen>(client, { path: CLAIMS, isDone: ({ status }) => status?.phase === "Bound" }, claims),
          untilDone<PhaseSeen>(
            client,
            { path: `${PODS}?labelSelector=app%3Dconsumer`, isDone: ({ status }) => status?.phase === "Running" },
            claims,
          ),
        ]);
        const create = async (index: number) => {
          await client.json("POST", CLAIMS, claim(`data-${index}`));
          await client.json("POST", PODS, consumer(`data-${index}`));
        };
        await Promise.all([eachOf(claims, create), done]);
      },
    },
  ];
}

/**
 * StatefulSets, DaemonSets, Jobs and claims on simulated nodes whose containers take next to no time, from the request
 * until all Pods are available or have ended.
 */
export async function benchWorkloads(scale: WorkloadScale): Promise<Measure[]> {
  const measures: Measure[] = [];
  for (const { what, count, nodes, run } of workloadsOf(scale)) {
    const measured = await withKnarr(["--nodes", String(nodes)], async ({ access, pid }) => {
      const client = openLoadClient(access);
      try {
        await untilDone<NodeSeen>(client, { path: "/api/v1/nodes", isDone: isReady }, nodes);
        const before = processUse(pid);
        await run(client);
        const after = processUse(pid);
        return [
          { name: what, value: (count * 1000) / (after.at - before.at), unit: "/s" },
          { name: `${what}: processor`, value: cpuShare(before, after), unit: "% CPU" },
        ] as const;
      } finally {
        client.close();
      }
    });
    measures.push(...measured);
  }
  return measures;
}

interface NodeSeen extends Named {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const isReady = ({ status }: NodeSeen) =>
  status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
