import { compileLabelSelector, type LabelMatcher, type PodDisruptionBudget } from "#objects";
import type { PodInfo } from "../model/pod-info.ts";

/** A disruption budget as preemption sees it. */
export interface Budget {
  readonly namespace: string;
  readonly selector: LabelMatcher;
  readonly allowed: number;
  /** Names of pods whose disruption is counted already. */
  readonly disrupted: ReadonlySet<string>;
}

/** Reads a budget; one without a selector protects nothing. */
export function budgetOf({ metadata, spec, status }: PodDisruptionBudget): Budget | undefined {
  const selector = spec?.selector && compileLabelSelector(spec.selector);
  if (!selector || selector.empty) return undefined;
  return {
    namespace: metadata.namespace ?? "",
    selector,
    allowed: status?.disruptionsAllowed ?? 0,
    disrupted: new Set(Object.keys(status?.disruptedPods ?? {})),
  };
}

/** Sorts out the pods whose budget would be overdrawn, taking them in the order given (upstream filterPodsWithPDBViolation). */
export function splitByBudget(
  pods: readonly PodInfo[],
  budgets: readonly Budget[],
): { readonly violating: readonly PodInfo[]; readonly free: readonly PodInfo[] } {
  if (budgets.length === 0) return { violating: [], free: pods };
  const left = budgets.map(({ allowed }) => allowed);
  const violating: PodInfo[] = [];
  const free: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const [i, { namespace, selector, disrupted }] of budgets.entries()) {
      if (namespace !== pod.namespace || !pod.labels || !selector.matches(pod.labels)) continue;
      if (disrupted.has(pod.pod.metadata.name ?? "")) continue;
      if (--left[i]! < 0) violates = true;
    }
    (violates ? violating : free).push(pod);
  }
  return { violating, free };
}
