import { hasReason, JOBS, PODS, type Job, type JobSpec, type JobStatus, type Pod } from "#objects";
import {
  adopter,
  allOf,
  allow,
  anyOf,
  candidates,
  claim,
  createPod,
  defineController,
  deletePod,
  itself,
  matcherOf,
  owner,
  settleClaim,
  slowStart,
  watch,
  type ControllerDefinition,
  type Failure,
  type Plan,
  type SyncContext,
  type SyncResult,
} from "../framework/index.ts";
import type { Backoff } from "./backoff.ts";
import { isFinished, isManagedElsewhere } from "./conditions.ts";
import { planCounts, planEnd, planPods, situationOf, type JobStep } from "./plan.ts";
import { isTracked, TRACKING } from "./pods.ts";
import type { NewJobPod } from "./size.ts";
import { uidOf, type JobView } from "./tally.ts";
import { jobPod } from "./template.ts";

type SpecifiedJob = JobView["job"];

/** Pods change in quick succession: a status tells of several at once. */
const REST_MS = 100;

const selectorOf = ({ spec }: Job) => matcherOf(spec?.selector);

/** Runs Pods until enough of them have succeeded. */
export const jobController: ControllerDefinition = defineController({
  name: "job-controller",
  watches: [watch(JOBS, itself), watch<Pod>(PODS, anyOf<Pod>(owner(JOBS), adopter(JOBS, selectorOf)))],
  writes: [allow(JOBS, "update/status"), allow(PODS, "create", "patch", "delete")],
  concurrency: 20,
  start() {
    /** By uid of the Job. */
    const backoffs = new Map<string, Backoff>();
    /** The uid under a key. */
    const uids = new Map<string, string>();
    return async (key, context) => {
      const job = context.caches.of(JOBS).get(key);
      const { uid = "" } = job?.metadata ?? {};
      const before = uids.get(key);
      if (before !== undefined && before !== uid) {
        backoffs.delete(before);
        uids.delete(key);
      }
      if (!job?.spec || isManagedElsewhere(job) || isFinished(job)) {
        backoffs.delete(uid);
        uids.delete(key);
        return undefined;
      }
      uids.set(key, uid);
      return new JobSync(job as SpecifiedJob, context, backoffs).run(key);
    };
  },
});

/** One look at a Job, and what follows from it. */
class JobSync {
  readonly #context: SyncContext;
  readonly #backoffs: Map<string, Backoff>;
  /** As it was written last. */
  #job: SpecifiedJob;
  #created = 0;
  readonly #deleted: Pod[] = [];
  readonly #released = new Set<string>();
  /** What went wrong first: the status tells the rest all the same. */
  #failure: Failure | undefined;

  constructor(job: SpecifiedJob, context: SyncContext, backoffs: Map<string, Backoff>) {
    this.#job = job;
    this.#context = context;
    this.#backoffs = backoffs;
  }

  async run(key: string): Promise<SyncResult | undefined> {
    const { caches, client, clock } = this.#context;
    const job = this.#job;
    const { uid = "" } = job.metadata;
    const matcher = selectorOf(job);
    const { owned: pods, adopt, release } = claim(job, matcher, candidates(caches.of(PODS), job, matcher));
    if (adopt.length > 0 || release.length > 0) {
      // The Pods that count must be known before any is made: the next sync sees the outcome.
      await settleClaim(client, JOBS, job, PODS, { adopt, release }, TRACKING);
      this.#context.enqueue(key);
      return undefined;
    }
    const view: JobView = { job, pods, backoff: this.#backoffs.get(uid) };
    const situation = situationOf(view, clock.now());
    const plan = planPods(situation, clock.now());
    await this.#apply(plan);
    const counts = { situation, created: this.#created, deleted: this.#deleted };
    await this.#apply(planCounts({ ...counts, job: this.#job }, clock.now()));
    await this.#apply(planEnd({ job: this.#job, pods, released: this.#released }, clock.now()));
    if (this.#failure) throw this.#failure.error;
    return { restMs: REST_MS, ...(plan.requeueAt === undefined ? {} : { requeueAt: plan.requeueAt }) };
  }

  async #apply({ steps, because }: Plan<JobStep>): Promise<void> {
    const { namespace, name } = this.#job.metadata;
    if (steps.length > 0) this.#context.log.debug("applying", { job: `${namespace}/${name}`, because });
    for (const step of steps) await this.#carryOut(step);
  }

  async #carryOut(step: JobStep): Promise<void> {
    switch (step.type) {
      case "write-status":
        await this.#write(step.status);
        for (const { type, reason, message } of step.events) {
          this.#context.recorder.event(this.#job, type, reason, message);
        }
        return;
      case "create":
        return this.#create(step.pods);
      case "delete":
        return this.#delete(step.pods, step.isCounted);
      case "remember":
        this.#backoffs.set(this.#job.metadata.uid ?? "", step.backoff);
        return;
      case "release":
        this.#failure ??= await allOf(step.pods, async (pod) => {
          await releasePod(this.#context, pod);
          this.#released.add(uidOf(pod));
        });
    }
  }

  /** A conflict ends the sync: what it goes by has changed. */
  async #write(status: JobStatus): Promise<void> {
    const { client } = this.#context;
    const written = await client.update(JOBS, { ...this.#job, status }, { subresource: "status" });
    this.#job = { ...written, spec: written.spec as JobSpec };
  }

  async #create(pods: readonly NewJobPod[]): Promise<void> {
    const { failure } = await slowStart(pods, async (pod) => {
      if (await createPod(this.#context, this.#job, jobPod(this.#job, pod))) this.#created++;
    });
    this.#failure ??= failure;
  }

  async #delete(pods: readonly Pod[], isCounted: boolean): Promise<void> {
    const failure = await allOf(pods, async (pod) => {
      // It must not have ended meanwhile: then it would count.
      if (!isCounted && isTracked(pod)) await releasePod(this.#context, pod, pod.metadata.resourceVersion);
      await deletePod(this.#context, this.#job, pod);
      this.#deleted.push(pod);
    });
    this.#failure ??= failure;
  }
}

/** Takes the finalizer away. A Pod that is gone has lost it. `resourceVersion`: a conflict if the Pod has changed since. */
export async function releasePod(
  { client }: Pick<SyncContext, "client">,
  { metadata }: Pod,
  resourceVersion?: string,
): Promise<void> {
  const { namespace = "", name = "", uid } = metadata;
  const version = resourceVersion === undefined ? {} : { resourceVersion };
  const body = { metadata: { uid, ...version, "$deleteFromPrimitiveList/finalizers": [TRACKING] } };
  try {
    await client.patch(PODS, { namespace, name }, { type: "strategic", body });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
  }
}
