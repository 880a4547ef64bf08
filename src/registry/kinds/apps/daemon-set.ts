import {
  formatLabelSelector,
  invalid,
  notSupported,
  required,
  validateLabelSelector,
  type DaemonSet,
  type DaemonSetUpdateStrategy,
  type Draft,
  type FieldError,
} from "#objects";
import { nonNegative, unchanged } from "../common/checks.ts";
import { AGE, formatLabels, integer, text, wide } from "../common/columns.ts";
import { define, served } from "../common/define.ts";
import { semanticEqual } from "../common/equal.ts";
import { defaultPodTemplate } from "../core/pod/defaults.ts";
import { containerColumns } from "../core/pod/template-columns.ts";
import { validateRunsForever, validateSelectorMatches, validateTemplate } from "../core/pod/template.ts";
import { templateWarnings } from "../core/pod/warnings.ts";
import { isZero, validateAtMost100Percent, validateIntOrPercent } from "./rolling-update.ts";
import { validateCollisionCount, validateFigures } from "./status.ts";

/** Counts changes of the template; a field in older versions of the API, kept as an annotation since. */
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

export const daemonSets = define<DaemonSet>({
  group: "apps",
  resource: "daemonsets",
  singular: "daemonset",
  kind: "DaemonSet",
  shortNames: ["ds"],
  categories: ["all"],
  namespaced: true,
  storageVersion: "v1",
  versions: [served("apps", "v1", "DaemonSet")],
  requiresResourceVersionOnUpdate: false,
  hasStatus: true,
  hasGeneration: true,
  applyDefaults: defaultDaemonSet,
  prepareForCreate(draft) {
    draft.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    setTemplateGeneration(draft, Math.max(1, templateGeneration(draft)));
  },
  prepareForUpdate(draft, old) {
    const changed = !semanticEqual(draft.spec?.template, old.spec?.template);
    setTemplateGeneration(draft, templateGeneration(old) + (changed ? 1 : 0));
  },
  validate: validateDaemonSet,
  validateUpdate: (set, old) => unchanged("spec.selector", set.spec?.selector, old.spec?.selector),
  validateStatusUpdate: validateDaemonSetStatus,
  warnings: (set, old) => templateWarnings(set.spec?.template, old?.spec?.template, "spec.template"),
  columns: [
    integer("Desired", ({ status }) => status?.desiredNumberScheduled ?? 0, {
      description: "Nodes that should run a pod of it",
    }),
    integer("Current", ({ status }) => status?.currentNumberScheduled ?? 0, {
      description: "Nodes that should and do run a pod of it",
    }),
    integer("Ready", ({ status }) => status?.numberReady ?? 0, { description: "Nodes on which it is ready" }),
    integer("Up-to-date", ({ status }) => status?.updatedNumberScheduled ?? 0, {
      description: "Nodes that run a pod of the newest template",
    }),
    integer("Available", ({ status }) => status?.numberAvailable ?? 0, {
      description: "Nodes on which it has been ready for minReadySeconds",
    }),
    text("Node Selector", ({ spec }) => formatLabels(spec?.template.spec?.nodeSelector), {
      description: "Labels of the nodes that it runs on",
    }),
    AGE,
    ...containerColumns<DaemonSet>(({ spec }) => spec?.template.spec),
    wide("Selector", ({ spec }) => formatLabelSelector(spec?.selector)),
  ],
});

/** Source: upstream pkg/apis/apps/v1 SetDefaults_DaemonSet. */
function defaultDaemonSet({ spec }: Draft<DaemonSet>): void {
  if (!spec) return;
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= "RollingUpdate";
  if (spec.updateStrategy.type === "RollingUpdate") {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec.template);
}

function templateGeneration({ metadata }: DaemonSet): number {
  const value = Number(metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);
  return Number.isSafeInteger(value) ? value : 0;
}

function setTemplateGeneration({ metadata }: Draft<DaemonSet>, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: `${generation}` };
}

/** Source: upstream pkg/apis/apps/validation ValidateDaemonSetSpec. */
function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  if (!spec) return [required("spec.selector"), required("spec.template.spec.containers")];
  const { selector, template } = spec;
  const isEmpty = Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions?.length ?? 0) === 0;
  return [
    ...validateLabelSelector(selector, "spec.selector"),
    ...validateSelectorMatches(selector, template, "spec.template"),
    ...(selector ? [] : [required("spec.selector")]),
    ...(selector && isEmpty ? [invalid("spec.selector", selector, "empty selector is invalid for daemonset")] : []),
    ...validateTemplate(template, "spec.template"),
    ...validateRunsForever(template, "spec.template", "DaemonSet"),
    ...nonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...validateUpdateStrategy(spec.updateStrategy, "spec.updateStrategy"),
    ...nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
  ];
}

function validateUpdateStrategy(strategy: DaemonSetUpdateStrategy | undefined, path: string): FieldError[] {
  if (strategy?.type === "OnDelete") return [];
  if (strategy?.type !== "RollingUpdate") return [notSupported(path, strategy, ["RollingUpdate", "OnDelete"])];
  if (!strategy.rollingUpdate) return [required(`${path}.rollingUpdate`)];
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate;
  const unavailablePath = `${path}.rollingUpdate.maxUnavailable`;
  const surgePath = `${path}.rollingUpdate.maxSurge`;
  const errors = [
    ...validateIntOrPercent(maxUnavailable, unavailablePath),
    ...validateIntOrPercent(maxSurge, surgePath),
    ...validateAtMost100Percent(maxUnavailable, unavailablePath),
    ...validateAtMost100Percent(maxSurge, surgePath),
  ];
  if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
    errors.push(invalid(surgePath, maxSurge, "may not be set when maxUnavailable is non-zero"));
  } else if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(required(unavailablePath, "cannot be 0 when maxSurge is 0"));
  }
  return errors;
}

function validateDaemonSetStatus({ status }: DaemonSet, old: DaemonSet): FieldError[] {
  return [
    ...validateFigures(
      status,
      [
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
      ],
      [],
    ),
    ...validateCollisionCount(status?.collisionCount, old.status?.collisionCount),
  ];
}
