import { untilDone } from "../cluster/until.ts";
import type { Measure } from "../figure.ts";
import { eachOf } from "./in-flight.ts";
import { podsOf } from "./objects.ts";
import type { Target } from "./target.ts";
import type { ApiWorkload } from "./workload.ts";

const PETS = 200;
const JOBS = 500;
const PODS_OF_A_JOB = 4;
const CLAIMS = 1_000;

interface Seen {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string };
}

/** Pods that no scheduler takes up, so that the controllers are measured alone, also where there is no node. */
const template = (app: string, restartPolicy: string) => ({
  metadata: { labels: { app } },
  spec: {
    restartPolicy,
    schedulingGates: [{ name: "bench.knarr.dev/never" }],
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "main", image: "nginx:1.29" }],
  },
});

async function perSecond(name: string, count: number, run: () => Promise<unknown>): Promise<Measure> {
  const began = performance.now();
  await run();
  return { name, value: (count * 1000) / (performance.now() - began), unit: "/s" };
}

const podsMade = (target: Target, app: string, count: number) =>
  untilDone<Seen>(target.client, { path: `${podsOf(target)}?labelSelector=app%3D${app}`, isDone: () => true }, count);

const statefulSet: ApiWorkload = {
  name: "controllers-statefulset",
  async run(target) {
    const name = `herd-${target.next()}`;
    const path = `/apis/apps/v1/namespaces/${target.namespace}/statefulsets`;
    const measure = await perSecond(`StatefulSet of ${PETS}, Parallel: Pods made`, PETS, async () => {
      await target.client.json("POST", path, {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name },
        spec: {
          replicas: PETS,
          podManagementPolicy: "Parallel",
          serviceName: name,
          selector: { matchLabels: { app: name } },
          template: template(name, "Always"),
        },
      });
      await podsMade(target, name, PETS);
    });
    await target.client.json("DELETE", `${path}/${name}`);
    return [measure];
  },
};

const jobs: ApiWorkload = {
  name: "controllers-jobs",
  async run(target) {
    const app = `batch-${target.next()}`;
    const path = `/apis/batch/v1/namespaces/${target.namespace}/jobs`;
    const create = (index: number) =>
      target.client.json("POST", path, {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: `${app}-${index}`, labels: { app } },
        spec: { parallelism: PODS_OF_A_JOB, completions: PODS_OF_A_JOB, template: template(app, "Never") },
      });
    const count = JOBS * PODS_OF_A_JOB;
    const measure = await perSecond(`${JOBS} Jobs of ${PODS_OF_A_JOB}: Pods made`, count, () =>
      Promise.all([eachOf(JOBS, create), podsMade(target, app, count)]),
    );
    await target.client.json("DELETE", `${path}?labelSelector=app%3D${app}&propagationPolicy=Background`);
    return [measure];
  },
};

/** A pool of volumes, and claims of one class that want them. */
const pool: ApiWorkload = {
  name: "controllers-claims",
  async run(target) {
    const storageClassName = `pool-${target.next()}-${target.namespace}`;
    const size = { storage: "1Mi" };
    const accessModes = ["ReadWriteOnce"];
    await eachOf(CLAIMS, (index) =>
      target.client.json("POST", "/api/v1/persistentvolumes", {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: `${storageClassName}-${index}`, labels: { pool: storageClassName } },
        spec: { storageClassName, capacity: size, accessModes, hostPath: { path: "/nowhere" } },
      }),
    );
    const path = `/api/v1/namespaces/${target.namespace}/persistentvolumeclaims`;
    const isDone = ({ metadata, status }: Seen) =>
      metadata.name.startsWith(storageClassName) && status?.phase === "Bound";
    const measure = await perSecond(`${CLAIMS.toLocaleString("en")} claims bound from a pool`, CLAIMS, () =>
      Promise.all([
        eachOf(CLAIMS, (index) =>
          target.client.json("POST", path, {
            apiVersion: "v1",
            kind: "PersistentVolumeClaim",
            metadata: { name: `${storageClassName}-${index}` },
            spec: { storageClassName, accessModes, resources: { requests: size } },
          }),
        ),
        untilDone<Seen>(target.client, { path, isDone }, CLAIMS),
      ]),
    );
    await target.client.json("DELETE", path);
    await target.client.json("DELETE", `/api/v1/persistentvolumes?labelSelector=pool%3D${storageClassName}`);
    return [measure];
  },
};

/** What controllers make of objects, without nodes. */
export const controllers: readonly ApiWorkload[] = [statefulSet, jobs, pool];
