import { hasReason, JOBS, PODS, type Job, type Pod } from "#objects";
import {
  allow,
  controllerOf,
  defineController,
  itself,
  ownerKey,
  syncByPlan,
  watch,
  type ControllerDefinition,
  type KeysOf,
} from "../framework/index.ts";
import { isFinished } from "./conditions.ts";
import { releasePod } from "./controller.ts";
import { planOrphan } from "./orphan-plan.ts";
import { isTracked } from "./pods.ts";

const tracked: KeysOf<Pod> = (change, caches) => {
  const { type, object } = change;
  if (type === "deleted" || !isTracked(object)) return undefined;
  const key = ownerKey(object, JOBS);
  if (key === undefined) return controllerOf(object) ? undefined : itself(change);
  const job = caches.of(JOBS).get(key);
  return job && job.metadata.uid === controllerOf(object)?.uid && !isFinished(job) ? undefined : itself(change);
};

const podsOfEndedJob: KeysOf<Job> = ({ type, object }, caches) => {
  if (type !== "deleted" && !isFinished(object)) return undefined;
  return caches
    .of(PODS)
    .index("controller", object.metadata.uid ?? "")
    .filter(isTracked)
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
};

/** Takes the finalizer from Pods whose Job is gone or has come to its end. A key is a Pod. */
export const orphanedJobPodController: ControllerDefinition = defineController({
  name: "job-orphan-controller",
  watches: [watch(PODS, tracked), watch(JOBS, podsOfEndedJob)],
  writes: [allow(PODS, "patch"), allow(JOBS, "get")],
  concurrency: 20,
  start: () =>
    syncByPlan({
      async look(key, { caches, client }) {
        const pod = caches.of(PODS).get(key);
        if (!pod || !isTracked(pod)) return undefined;
        const controller = controllerOf(pod);
        const jobKey = ownerKey(pod, JOBS);
        if (!controller || jobKey === undefined) return { pod, job: undefined, isForeign: controller !== undefined };
        let job = caches.of(JOBS).get(jobKey);
        if (job?.metadata.uid !== controller.uid) {
          // The cache may not show a Job yet whose Pods it shows: what it has not counted would be lost.
          const { namespace = "" } = pod.metadata;
          job = await client.get(JOBS, { namespace, name: controller.name }).catch((error: unknown) => {
            if (hasReason(error, "NotFound")) return undefined;
            throw error;
          });
        }
        return { pod, job: job?.metadata.uid === controller.uid ? job : undefined, isForeign: false };
      },
      plan: planOrphan,
      apply: (step, context) => releasePod(context, step.pod),
    }),
});
