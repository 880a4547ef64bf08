import {
  isPodTerminal,
  podCondition,
  qosClass,
  type Draft,
  type Int64,
  type LabelSelector,
  type Pod,
  type PodAffinityTerm,
} from "#objects";

/** What the server itself says of a new pod. Source: upstream pkg/registry/core/pod podStrategy.PrepareForCreate. */
export function preparePod(draft: Draft<Pod>): void {
  draft.status = { phase: "Pending", qosClass: qosClass(draft.spec as Pod["spec"]) };
  mergeLabelKeys(draft);
  if (draft.spec?.schedulingGates?.length && !podCondition(draft as Pod, "PodScheduled")) {
    draft.status.conditions = [
      {
        type: "PodScheduled",
        status: "False",
        reason: "SchedulingGated",
        message: "Scheduling is blocked due to non-empty scheduling gates",
      },
    ];
  }
}

/** A status that says nothing of the class leaves it. */
export function preparePodStatus(draft: Draft<Pod>, old: Pod): void {
  draft.status ??= {};
  if (old.status?.qosClass !== undefined) draft.status.qosClass ||= old.status.qosClass;
}

/** Seconds that the pod gets to end; none before it has a node and after it has ended. */
export function podGraceSeconds(pod: Pod, requestedSeconds: Int64 | undefined): Int64 {
  if (!pod.spec?.nodeName || isPodTerminal(pod)) return 0;
  const seconds = requestedSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

/** `matchLabelKeys` of affinities become expressions with the pod's own labels (upstream applyMatchLabelKeysAndMismatchLabelKeys). */
function mergeLabelKeys({ metadata, spec }: Draft<Pod>): void {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    if (!affinity) continue;
    const terms = [
      ...(affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
    ];
    for (const term of terms) mergeTerm(term, metadata.labels ?? {});
  }
}

function mergeTerm(term: Draft<PodAffinityTerm>, labels: Readonly<Record<string, string>>): void {
  const selector: Draft<LabelSelector> | undefined = term.labelSelector;
  if (!selector) return;
  const add = (keys: readonly string[] | undefined, operator: string) => {
    for (const key of keys ?? []) {
      const value = labels[key];
      if (value === undefined) continue;
      selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }];
    }
  };
  add(term.matchLabelKeys, "In");
  add(term.mismatchLabelKeys, "NotIn");
}
