import { formatLabelSelector, type CronJob, type Draft } from "#objects";
import { AGE, integer, since, text, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { defaultPodTemplate } from "../core/pod/defaults.ts";
import { containerColumns } from "../core/pod/template-columns.ts";
import { manyIndexesWarnings } from "./job-warnings.ts";
import { templateWarnings, workloadNameWarnings } from "../core/pod/warnings.ts";
import { validateCronJob, validateCronJobName } from "./cron-job-validation.ts";
import { defaultPodPatterns } from "./job-defaults.ts";

export const cronJobs = define<CronJob>({
  group: "batch",
  resource: "cronjobs",
  singular: "cronjob",
  kind: "CronJob",
  shortNames: ["cj"],
  categories: ["all"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("batch", "v1", "CronJob")],
  requiresResourceVersionOnUpdate: false,
  hasStatus: true,
  hasGeneration: true,
  applyDefaults: defaultCronJob,
  prepareForCreate(draft) {
    draft.status = {};
  },
  validate: validateCronJob,
  validateCreate: validateCronJobName,
  warnings: (job, old) => [
    ...(old ? [] : workloadNameWarnings(job.metadata)),
    ...manyIndexesWarnings(job.spec?.jobTemplate?.spec, "spec.jobTemplate.spec"),
    ...templateWarnings(
      job.spec?.jobTemplate?.spec?.template,
      old?.spec?.jobTemplate.spec?.template,
      "spec.jobTemplate.spec.template",
    ),
    ...(/(?:^|\s)(?:CRON_)?TZ=/.test(job.spec?.schedule ?? "")
      ? [
          "spec.schedule: CRON_TZ or TZ used in schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
        ]
      : []),
  ],
  columns: [
    text("Schedule", ({ spec }) => spec?.schedule ?? "", { description: "When jobs are made, in cron's notation" }),
    text("Timezone", ({ spec }) => spec?.timeZone ?? "<none>", { description: "The time zone of the schedule" }),
    { name: "Suspend", type: "boolean", description: "Whether no more jobs are made", cell: suspendText },
    integer("Active", ({ status }) => status?.active?.length ?? 0, { description: "Jobs that run now" }),
    text(
      "Last Schedule",
      ({ status }, now) => (status?.lastScheduleTime === undefined ? "<none>" : since(status.lastScheduleTime, now)),
      { description: "Time since a job was made last" },
    ),
    AGE,
    ...containerColumns<CronJob>(({ spec }) => spec?.jobTemplate.spec?.template.spec),
    wide("Selector", ({ spec }) => formatLabelSelector(spec?.jobTemplate.spec?.selector)),
  ],
});

function suspendText({ spec }: CronJob): string {
  if (spec?.suspend === undefined) return "<unset>";
  return spec.suspend ? "True" : "False";
}

/** Source: upstream pkg/apis/batch/v1 SetDefaults_CronJob. */
function defaultCronJob({ spec }: Draft<CronJob>): void {
  if (!spec) return;
  spec.concurrencyPolicy ||= "Allow";
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  const job = spec.jobTemplate?.spec;
  if (!job) return;
  defaultPodTemplate(job.template);
  defaultPodPatterns(job);
}
