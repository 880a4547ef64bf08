/** What an autoscaler does now (upstream podautoscaler: reconcileAutoscaler). */
import {
  equalJson,
  formatTime,
  withCondition,
  type Pod,
  type Scale,
  type V2HorizontalPodAutoscaler,
  type V2HorizontalPodAutoscalerCondition,
  type V2HorizontalPodAutoscalerStatus,
  type V2MetricStatus,
} from "#objects";
import type { Plan } from "../framework/index.ts";
import { limitWish, withScaleEvent, type Memory } from "./limits.ts";
import { propose, type Proposal, type Reading } from "./proposal.ts";

/** From one look at an autoscaler to the next (horizontal-pod-autoscaler-sync-period). */
export const SYNC_MS = 15_000;

export interface AutoscalerView {
  readonly autoscaler: V2HorizontalPodAutoscaler;
  /** Of the target; or why it could not be had. */
  readonly target: { readonly scale: Scale } | { readonly problem: string };
  /** Those that the scale selects; or why its selector says nothing. */
  readonly pods: readonly Pod[] | { readonly problem: string };
  /** Every autoscaler that is known to count those pods as its own: `namespace/name`, in order. */
  readonly claimants: readonly string[];
  /** Of each metric of the autoscaler, where they are needed. */
  readonly readings: readonly Reading[];
  /** Undefined: it is looked at for the first time. */
  readonly memory: Memory | undefined;
  /** What became of the scaling that this plan has asked for before. */
  readonly outcome?: { readonly type: "scaled" } | { readonly type: "refused"; readonly problem: string };
}

export type AutoscalerStep =
  | {
      readonly type: "event";
      readonly level: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    }
  /** Set the target's replicas, then plan again with what became of it. */
  | { readonly type: "scale"; readonly replicas: number }
  | { readonly type: "remember"; readonly memory: Memory }
  | { readonly type: "status"; readonly status: V2HorizontalPodAutoscalerStatus };

/** Whether the number of replicas lies where metrics decide, as far as the target's scale tells. */
export function needsMetrics({ spec }: V2HorizontalPodAutoscaler, scale: Scale): boolean {
  const current = replicasOf(scale);
  return current !== 0 && current <= spec.maxReplicas && current >= (spec.minReplicas ?? 1);
}

export const replicasOf = ({ spec }: Scale): number => spec?.replicas ?? 0;

export function planAutoscaler(view: AutoscalerView, now: number): Plan<AutoscalerStep> {
  const report = new Report(view.autoscaler, now);
  const { target } = view;
  if ("problem" in target) {
    const message = `the HPA controller was unable to get the target's current scale: ${target.problem}`;
    report.event("Warning", "FailedGetScale", target.problem);
    report.condition("AbleToScale", "False", "FailedGetScale", message);
    return report.plan(message);
  }
  report.condition(
    "AbleToScale",
    "True",
    "SucceededGetScale",
    "the HPA controller was able to get the target's current scale",
  );
  return planScaling(view, target.scale, report, now);
}

function planScaling(view: AutoscalerView, scale: Scale, report: Report, now: number): Plan<AutoscalerStep> {
  const { autoscaler } = view;
  const { minReplicas: min = 1, maxReplicas: max } = autoscaler.spec;
  const current = replicasOf(scale);
  const memory = view.memory ?? {
    recommendations: [{ replicas: current, time: now }],
    scaleUps: [],
    scaleDowns: [],
  };
  if (current === 0) {
    const message = "scaling is disabled since the replica count of the target is zero";
    report.condition("ScalingActive", "False", "ScalingDisabled", message);
    return report.plan(message, { current, desired: 0 }, memory);
  }
  if (current > max) {
    return rescale(view, report, {
      current,
      desired: max,
      why: "Current number of replicas above Spec.MaxReplicas",
      memory,
    });
  }
  if (current < min) {
    return rescale(view, report, {
      current,
      desired: min,
      why: "Current number of replicas below Spec.MinReplicas",
      memory,
    });
  }
  const wanted = planMetrics(view, scale, report, now);
  if ("problem" in wanted) {
    report.event("Warning", "FailedComputeMetricsReplicas", wanted.problem);
    const desired = autoscaler.status?.desiredReplicas ?? 0;
    return report.plan(wanted.problem, { current, desired, metrics: wanted.metrics }, memory);
  }
  const { replicas, name, metrics } = wanted;
  const { behavior } = autoscaler.spec;
  const limited = limitWish({ current, desired: replicas, min, max, behavior, memory, now });
  report.condition("AbleToScale", "True", limited.able.reason, limited.able.message);
  report.condition("ScalingLimited", limited.limited.status, limited.limited.reason, limited.limited.message);
  const next = { ...memory, recommendations: limited.recommendations };
  if (limited.replicas === current) {
    return report.plan(`${name} asks for ${replicas}`, { current, desired: current, metrics }, next);
  }
  const why = replicas > current ? `${name} above target` : replicas < current ? "All metrics below target" : "";
  return rescale(view, report, { current, desired: limited.replicas, why, metrics, memory: next });
}

interface Rescale {
  readonly current: number;
  readonly desired: number;
  readonly why: string;
  readonly metrics?: readonly V2MetricStatus[];
  readonly memory: Memory;
}

function rescale({ autoscaler, outcome }: AutoscalerView, report: Report, change: Rescale): Plan<AutoscalerStep> {
  const { current, desired, why, metrics, memory } = change;
  if (!outcome) return report.only({ type: "scale", replicas: desired }, why, memory);
  // What was to be told of the metrics has been told.
  report.forgetEvents();
  if (outcome.type === "refused") {
    const { problem } = outcome;
    report.event("Warning", "FailedRescale", `New size: ${desired}; reason: ${why}; error: ${problem}`);
    const message = `the HPA controller was unable to update the target scale: ${problem}`;
    report.condition("AbleToScale", "False", "FailedUpdateScale", message);
    return report.plan(message, { current, desired: autoscaler.status?.desiredReplicas ?? 0, metrics }, memory);
  }
  const message = `the HPA controller was able to update the target scale to ${desired}`;
  report.condition("AbleToScale", "True", "SucceededRescale", message);
  report.event("Normal", "SuccessfulRescale", `New size: ${desired}; reason: ${why}`);
  const next = withScaleEvent(memory, { from: current, to: desired }, autoscaler.spec.behavior, report.now);
  return report.plan(why, { current, desired, metrics, scaled: true }, next);
}

type Wanted =
  | { readonly replicas: number; readonly name: string; readonly metrics: readonly V2MetricStatus[] }
  | { readonly problem: string; readonly metrics: readonly V2MetricStatus[] | undefined };

/** The largest number that a metric asks for; nothing is taken away while one of them is not known. */
function planMetrics(view: AutoscalerView, scale: Scale, report: Report, now: number): Wanted {
  const { autoscaler, pods, claimants, readings } = view;
  const selector = scale.status?.selector ?? "";
  const refused = (reason: string, message: string, shown = message, condition = reason): Wanted => {
    report.event("Warning", reason, message);
    report.condition("ScalingActive", "False", condition, shown);
    return { problem: message, metrics: undefined };
  };
  if (selector === "") {
    const shown = "the HPA target's scale is missing a selector";
    return refused("SelectorRequired", "selector is required", shown, "InvalidSelector");
  }
  if ("problem" in pods) {
    return refused(
      "InvalidSelector",
      `couldn't convert selector into a corresponding internal selector object: ${pods.problem}`,
    );
  }
  if (claimants.length > 1) {
    const message = `pods by selector ${selector} are controlled by multiple HPAs: [${claimants.join(" ")}]`;
    return refused("AmbiguousSelector", message);
  }
  const specReplicas = replicasOf(scale);
  const statusReplicas = scale.status?.replicas ?? 0;
  const proposals = (autoscaler.spec.metrics ?? []).map((metric, at): Proposal => {
    const reading = readings[at] ?? { type: "failed", problem: "no metrics were asked for" };
    return propose({ autoscaler, metric, reading, specReplicas, statusReplicas, pods }, now);
  });
  return choose(proposals, specReplicas, report);
}

function choose(proposals: readonly Proposal[], specReplicas: number, report: Report): Wanted {
  const metrics = proposals.map((proposal) => (proposal.type === "proposed" ? proposal.status : { type: "" }));
  let best: (Proposal & { readonly type: "proposed" }) | undefined;
  const failures: (Proposal & { readonly type: "failed" })[] = [];
  for (const proposal of proposals) {
    if (proposal.type === "failed") {
      report.event("Warning", proposal.reason, proposal.message);
      failures.push(proposal);
    } else if (!best || best.replicas === 0 || proposal.replicas > best.replicas) best = proposal;
  }
  const [first] = failures;
  if (!best || (first && best.replicas < specReplicas)) {
    const message = `the HPA was unable to compute the replica count: ${first?.message}`;
    report.condition("ScalingActive", "False", first?.reason ?? "", message);
    const count = `${failures.length} invalid out of ${proposals.length}`;
    return { problem: `invalid metrics (${count}), first error is: ${first?.error}`, metrics };
  }
  const message = `the HPA was able to successfully calculate a replica count from ${best.name}`;
  report.condition("ScalingActive", "True", "ValidMetricFound", message);
  return { replicas: best.replicas, name: best.name, metrics };
}

interface Figures {
  readonly current: number;
  readonly desired: number;
  readonly metrics?: readonly V2MetricStatus[] | undefined;
  /** The target has just been told. */
  readonly scaled?: boolean;
}

/** Gathers what is said of one look: Events and conditions. */
class Report {
  readonly now: number;
  readonly #autoscaler: V2HorizontalPodAutoscaler;
  #events: AutoscalerStep[] = [];
  #conditions: readonly V2HorizontalPodAutoscalerCondition[];

  constructor(autoscaler: V2HorizontalPodAutoscaler, now: number) {
    this.#autoscaler = autoscaler;
    this.now = now;
    this.#conditions = autoscaler.status?.conditions ?? [];
  }

  event(level: "Normal" | "Warning", reason: string, message: string): void {
    this.#events.push({ type: "event", level, reason, message });
  }

  forgetEvents(): void {
    this.#events = [];
  }

  condition(type: string, status: string, reason: string, message: string): void {
    const lastTransitionTime = formatTime(this.now);
    this.#conditions = withCondition(this.#conditions, { type, status, reason, message, lastTransitionTime });
  }

  /** What has been said so far, and a step whose outcome decides what else there is to say. */
  only(step: AutoscalerStep, because: string, memory: Memory): Plan<AutoscalerStep> {
    return { steps: [...this.#events, { type: "remember", memory }, step], because };
  }

  /** Everything said, with the figures; without them those of before stay. */
  plan(because: string, figures?: Figures, memory?: Memory): Plan<AutoscalerStep> {
    const before = this.#autoscaler.status;
    const status = this.#status(figures);
    return {
      steps: [
        ...this.#events,
        ...(memory ? [{ type: "remember", memory } as const] : []),
        ...(before && equalJson(before, status) ? [] : [{ type: "status", status } as const]),
      ],
      requeueAt: this.now + SYNC_MS,
      because,
    };
  }

  #status(figures: Figures | undefined): V2HorizontalPodAutoscalerStatus {
    const conditions = this.#conditions;
    const before = this.#autoscaler.status;
    if (!figures) return { desiredReplicas: 0, ...before, conditions };
    const { current, desired, metrics, scaled } = figures;
    const lastScaleTime = scaled ? formatTime(this.now) : before?.lastScaleTime;
    return {
      currentReplicas: current,
      desiredReplicas: desired,
      ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
      ...(metrics ? { currentMetrics: metrics } : {}),
      conditions,
    };
  }
}
