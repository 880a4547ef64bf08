import { JOBS, type Container, type Job, type JobSpec, type New, type Pod } from "#objects";
import { controllerReference, podFromTemplate } from "../framework/index.ts";
import { failureRuling } from "./failure-policy.ts";
import { COMPLETION_INDEX, INDEX_FAILURES, INDEX_IGNORED_FAILURES, indexFailures, TRACKING } from "./pods.ts";
import type { NewJobPod } from "./size.ts";

const INDEX_VARIABLE = "JOB_COMPLETION_INDEX";
/** What the server leaves of `generateName`. */
const MAX_PREFIX = 58;

/** What a Job makes: a Pod by its template, with what ties it to the Job and to its index. */
export function jobPod(job: Job & { readonly spec: JobSpec }, { index, replaces }: NewJobPod): New<Pod> {
  const { spec } = job;
  const { namespace = "", name = "" } = job.metadata;
  const pod = podFromTemplate(spec.template, namespace, prefixOf(name, index), controllerReference(JOBS, job));
  const finalizers = pod.metadata.finalizers ?? [];
  const tracked: New<Pod> = {
    ...pod,
    metadata: {
      ...pod.metadata,
      finalizers: finalizers.includes(TRACKING) ? finalizers : [...finalizers, TRACKING],
    },
  };
  if (index === undefined) return tracked;
  return {
    metadata: {
      ...tracked.metadata,
      labels: { ...tracked.metadata.labels, [COMPLETION_INDEX]: `${index}` },
      annotations: {
        ...tracked.metadata.annotations,
        [COMPLETION_INDEX]: `${index}`,
        ...(spec.backoffLimitPerIndex === undefined ? {} : failureAnnotations(spec, replaces)),
      },
    },
    ...(tracked.spec ? { spec: { ...withIndexVariable(tracked.spec), hostname: `${name}-${index}` } } : {}),
  };
}

/** `<job>-<index>`, which a dash and the random end follow; a name that is too long is cut before the index. */
function prefixOf(name: string, index: number | undefined): string {
  return index === undefined ? name : `${name.slice(0, MAX_PREFIX - `-${index}-`.length)}-${index}`;
}

function failureAnnotations({ podFailurePolicy }: JobSpec, replaces: Pod | undefined): Record<string, string> {
  if (!replaces) return { [INDEX_FAILURES]: "0" };
  const { counted, ignored } = indexFailures(replaces);
  const { isCounted } = failureRuling(podFailurePolicy, replaces);
  const ignoredNow = ignored + (isCounted ? 0 : 1);
  return {
    [INDEX_FAILURES]: `${counted + (isCounted ? 1 : 0)}`,
    ...(ignoredNow === 0 ? {} : { [INDEX_IGNORED_FAILURES]: `${ignoredNow}` }),
  };
}

function withIndexVariable(spec: NonNullable<Pod["spec"]>): NonNullable<Pod["spec"]> {
  return {
    ...spec,
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(tellIndex) } : {}),
    containers: spec.containers.map(tellIndex),
  };
}

/** A variable of this name that the template has stays. */
function tellIndex(container: Container): Container {
  const env = container.env ?? [];
  if (env.some(({ name }) => name === INDEX_VARIABLE)) return container;
  const fieldPath = `metadata.labels['${COMPLETION_INDEX}']`;
  return { ...container, env: [...env, { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath } } }] };
}
