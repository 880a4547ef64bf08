import type {
  ContainerStatus,
  Pod,
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from "#objects";

/** What a Job's `podFailurePolicy` says of a failed Pod. */
export interface FailureRuling {
  /** Undefined: no rule is about it. */
  readonly action: "FailJob" | "FailIndex" | "Ignore" | "Count" | undefined;
  /** Whether the failure counts for `backoffLimit`. */
  readonly isCounted: boolean;
  /** With FailJob: why the Job fails. */
  readonly message?: string;
}

const NO_RULE: FailureRuling = { action: undefined, isCounted: true };

/** The first rule that is about the Pod decides (upstream matchPodFailurePolicy). */
export function failureRuling(policy: PodFailurePolicy | undefined, pod: Pod): FailureRuling {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const match = matches(rule, pod);
    if (match === undefined) continue;
    switch (rule.action) {
      case "Ignore":
        return { action: "Ignore", isCounted: false };
      case "FailIndex":
      case "Count":
        return { action: rule.action, isCounted: true };
      case "FailJob":
        return { action: "FailJob", isCounted: true, message: `${match} matching FailJob rule at index ${index}` };
    }
  }
  return NO_RULE;
}

/** How the rule is about the Pod, in words; undefined if it is not. */
function matches(
  { onExitCodes, onPodConditions }: PodFailurePolicyRule,
  { metadata, status }: Pod,
): string | undefined {
  const pod = `${metadata.namespace}/${metadata.name}`;
  if (onExitCodes) {
    const container =
      endedWith(status?.containerStatuses, onExitCodes) ?? endedWith(status?.initContainerStatuses, onExitCodes);
    const code = container?.state?.terminated?.exitCode;
    return container && `Container ${container.name} for pod ${pod} failed with exit code ${code}`;
  }
  const condition = status?.conditions?.find((one) =>
    onPodConditions?.some((pattern) => pattern.type === one.type && pattern.status === one.status),
  );
  return condition && `Pod ${pod} has condition ${condition.type}`;
}

function endedWith(
  statuses: readonly ContainerStatus[] | undefined,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): ContainerStatus | undefined {
  return statuses?.find(({ name, state }) => {
    const code = state?.terminated?.exitCode ?? 0;
    if (code === 0 || (containerName !== undefined && containerName !== name)) return false;
    if (operator === "In") return values.includes(code);
    return operator === "NotIn" && !values.includes(code);
  });
}
