import { JOBS, PODS, type Job, type JobSpec, type New, type Pod } from "#objects";
import { createTestWorld, type TestWorld } from "../../testing/world.ts";
import { jobController } from "../controller.ts";
import { orphanedJobPodController } from "../orphans.ts";
import { isTracked } from "../pods.ts";

export const KEY = { namespace: "default", name: "pi" };

/** A Job as the API server would store it. */
export function newJob(spec: Partial<JobSpec> = {}, name = "pi"): New<Job> {
  const labels = { "batch.kubernetes.io/job-name": name };
  return {
    metadata: { namespace: "default", name },
    spec: {
      ...(spec.completions === undefined && spec.parallelism === undefined ? { completions: 1 } : {}),
      parallelism: 1,
      backoffLimit: 6,
      completionMode: "NonIndexed",
      suspend: false,
      selector: { matchLabels: labels },
      ...spec,
      template: {
        metadata: { labels },
        spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }], ...spec.template?.spec },
      },
    },
  };
}

export interface JobWorld extends AsyncDisposable {
  readonly w: TestWorld;
  create(spec?: Partial<JobSpec>): Promise<Job>;
  job(): Job;
  /** Changes the spec, as a user would. */
  change(spec: Partial<JobSpec>): Promise<void>;
  pods(): readonly Pod[];
  /** Neither at their end nor being deleted. */
  live(): readonly Pod[];
  /** These end, and what follows from it happens. */
  finish(phase: "Succeeded" | "Failed", ...pods: readonly Pod[]): Promise<void>;
  /** The conditions, in their order: `SuccessCriteriaMet Complete`; those that are over with a dash before. */
  conditions(): string;
}

/** Both controllers of Jobs on a fake API. */
export async function createJobWorld(): Promise<JobWorld> {
  const w = await createTestWorld([jobController, orphanedJobPodController]);
  const world: JobWorld = {
    w,
    async create(spec) {
      await w.client.create(JOBS, newJob(spec));
      await w.settle(500);
      return world.job();
    },
    job: () => w.client.all(JOBS)[0]!,
    async change(spec) {
      w.client.edit(JOBS, KEY, (draft) => {
        draft.spec = { ...(draft.spec as object), ...spec };
      });
      await w.settle(500);
    },
    pods: () => w.client.all(PODS),
    live: () =>
      w.client
        .all(PODS)
        .filter(
          ({ metadata, status }) =>
            metadata.deletionTimestamp === undefined && status?.phase !== "Succeeded" && status?.phase !== "Failed",
        ),
    async finish(phase, ...pods) {
      for (const pod of pods) w.kubelet.finish(pod, phase);
      await w.settle(500);
    },
    conditions: () =>
      (world.job().status?.conditions ?? [])
        .map(({ type, status }) => (status === "True" ? type : `-${type}`))
        .join(" "),
    [Symbol.asyncDispose]: () => w[Symbol.asyncDispose](),
  };
  return world;
}

/** How many of the Pods have the finalizer. */
export const tracked = (pods: readonly Pod[]): number => pods.filter(isTracked).length;
