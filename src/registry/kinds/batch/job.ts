import { formatLabelSelector, humanDuration, parseTime, type Draft, type Job } from "#objects";
import { AGE, text, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { containerColumns } from "../core/pod/template-columns.ts";
import { manyIndexesWarnings } from "./job-warnings.ts";
import { templateWarnings, workloadNameWarnings } from "../core/pod/warnings.ts";
import { defaultJobSpec, defaultPodPatterns } from "./job-defaults.ts";
import { generateSelector } from "./job-selector.ts";
import { validateJobStatusUpdate } from "./job-status-validation.ts";
import { validateJobUpdate } from "./job-update-validation.ts";
import { validateJob } from "./job-validation.ts";

export const jobs = define<Job>({
  group: "batch",
  resource: "jobs",
  singular: "job",
  kind: "Job",
  categories: ["all"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("batch", "v1", "Job")],
  requiresResourceVersionOnUpdate: false,
  hasStatus: true,
  hasGeneration: true,
  defaultPropagation: "Orphan",
  applyDefaults: defaultJob,
  prepareForCreate(draft) {
    draft.status = {};
    if (draft.spec && !draft.spec.manualSelector) generateSelector(draft);
    takeTemplateLabels(draft);
  },
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  validateStatusUpdate: validateJobStatusUpdate,
  warnings: (job, old) => [
    ...(old ? [] : workloadNameWarnings(job.metadata)),
    ...manyIndexesWarnings(job.spec, "spec"),
    ...templateWarnings(job.spec?.template, old?.spec?.template, "spec.template"),
  ],
  selectableFields: { "status.successful": ({ status }) => `${status?.succeeded ?? 0}` },
  columns: [
    text("Status", statusText, { description: "What became of the job" }),
    text("Completions", completionsText, { description: "Pods that succeeded, of those that have to" }),
    text("Duration", durationText, { description: "Time from the job's start to its end, or until now" }),
    AGE,
    ...containerColumns<Job>(({ spec }) => spec?.template.spec),
    wide("Selector", ({ spec }) => formatLabelSelector(spec?.selector)),
  ],
});

/** Source: upstream pkg/apis/batch/v1 SetDefaults_Job. */
function defaultJob(draft: Draft<Job>): void {
  if (!draft.spec) return;
  defaultJobSpec(draft.spec);
  defaultPodPatterns(draft.spec);
  // A new job gets them together with the generated ones.
  if (draft.metadata.uid !== undefined) takeTemplateLabels(draft);
}

/** A job without labels has those of its template. */
function takeTemplateLabels({ metadata, spec }: Draft<Job>): void {
  const labels = spec?.template.metadata?.labels;
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

/** Source: upstream pkg/printers/internalversion printJob. */
function statusText({ metadata, status }: Job): string {
  const is = (type: string) => status?.conditions?.some((it) => it.type === type && it.status === "True") ?? false;
  if (is("Complete")) return "Complete";
  if (is("Failed")) return "Failed";
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(is) ?? "Running";
}

function completionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: Job, now: number): string {
  const start = status?.startTime === undefined ? undefined : parseTime(status.startTime);
  if (start === undefined) return "";
  const end = status?.completionTime === undefined ? undefined : parseTime(status.completionTime);
  return humanDuration((end ?? now) - start);
}
