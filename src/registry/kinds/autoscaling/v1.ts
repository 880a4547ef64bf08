import type {
  AnyDraft,
  Draft,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerStatus,
  V2HorizontalPodAutoscaler,
  V2MetricSpec,
  V2MetricStatus,
} from "#objects";
import { metricFromV1, metricToV1, statusFromV1, statusToV1, type V1Metric } from "./v1-metrics.ts";

/** What v1 has no fields for travels in annotations, as JSON. Source: upstream pkg/apis/autoscaling/annotations.go. */
const METRICS = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior";
const OWN_ANNOTATIONS = [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR];

const CPU_PERCENT = 80;

type V1 = Draft<HorizontalPodAutoscaler>;
type V2 = Draft<V2HorizontalPodAutoscaler>;

/** The v2 object as v1 shows it. Source: upstream pkg/apis/autoscaling/v1 conversion. */
export function toV1(draft: Readonly<AnyDraft>): AnyDraft {
  const { metadata, spec, status } = draft as unknown as V2;
  const annotations: Record<string, string> = withoutOwn(metadata.annotations);
  const isCpu = ({ type, resource }: V2MetricSpec) =>
    type === "Resource" && resource?.name === "cpu" && resource.target.averageUtilization !== undefined;
  const metrics = spec?.metrics ?? [];
  const cpu = metrics.findIndex(isCpu);
  const others = metrics.filter((_, i) => i !== cpu);
  if (others.length > 0) annotations[METRICS] = JSON.stringify(others.map(metricToV1));
  if (spec?.behavior) annotations[BEHAVIOR] = JSON.stringify(named(spec.behavior));
  const current = status?.currentMetrics ?? [];
  const currentCpu = current.findIndex(isCurrentCpu);
  const otherCurrent = current.filter((_, i) => i !== currentCpu);
  if (otherCurrent.length > 0) annotations[CURRENT_METRICS] = JSON.stringify(otherCurrent.map(statusToV1));
  if (status?.conditions?.length) annotations[CONDITIONS] = JSON.stringify(status.conditions);

  const utilization = metrics[cpu]?.resource?.target.averageUtilization;
  const {
    metrics: _metrics,
    behavior: _behavior,
    ...specRest
  } = spec ?? { maxReplicas: 0, scaleTargetRef: { kind: "", name: "" } };
  const result: V1 = {
    apiVersion: "autoscaling/v1",
    kind: draft.kind,
    metadata: withAnnotations(metadata, annotations),
    spec: { ...specRest, ...(utilization === undefined ? {} : { targetCPUUtilizationPercentage: utilization }) },
  };
  if (status) {
    const { currentMetrics: _current, conditions: _conditions, ...statusRest } = status;
    const percent = current[currentCpu]?.resource?.current.averageUtilization;
    const v1Status: Draft<HorizontalPodAutoscalerStatus> = { currentReplicas: 0, ...statusRest };
    if (percent !== undefined) v1Status.currentCPUUtilizationPercentage = percent;
    result.status = v1Status;
  }
  return result as unknown as AnyDraft;
}

/** The inverse. Annotations that cannot be read are dropped, as upstream does. */
export function fromV1(draft: Readonly<AnyDraft>): AnyDraft {
  const { metadata, spec, status } = draft as unknown as V1;
  const annotations = metadata.annotations ?? {};
  const { targetCPUUtilizationPercentage: cpu, ...specRest } = spec ?? {
    maxReplicas: 0,
    scaleTargetRef: { kind: "", name: "" },
  };
  const others = readList<V1Metric>(annotations[METRICS]).map(metricFromV1);
  const utilization = cpu ?? (others.length === 0 ? CPU_PERCENT : undefined);
  const metrics: Draft<V2MetricSpec>[] = [...others];
  if (utilization !== undefined) metrics.push(cpuMetric(utilization));
  const behavior = readObject(annotations[BEHAVIOR]);
  const result: V2 = {
    apiVersion: "autoscaling/v2",
    kind: draft.kind,
    metadata: withAnnotations(metadata, withoutOwn(annotations)),
    spec: { ...specRest, metrics, ...(behavior ? { behavior: unnamed(behavior) } : {}) },
  };
  if (status) {
    const { currentCPUUtilizationPercentage: percent, ...statusRest } = status;
    const current: Draft<V2MetricStatus>[] = readList<V1Metric>(annotations[CURRENT_METRICS]).map(statusFromV1);
    if (percent !== undefined) {
      current.push({ type: "Resource", resource: { name: "cpu", current: { averageUtilization: percent } } });
    }
    const conditions = readList<NonNullable<NonNullable<V2["status"]>["conditions"]>[number]>(annotations[CONDITIONS]);
    result.status = {
      ...statusRest,
      ...(current.length > 0 ? { currentMetrics: current } : {}),
      ...(conditions.length > 0 ? { conditions } : {}),
    };
  }
  return result as unknown as AnyDraft;
}

const cpuMetric = (averageUtilization: number): Draft<V2MetricSpec> => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});

const isCurrentCpu = ({ type, resource }: V2MetricStatus) =>
  type === "Resource" && resource?.name === "cpu" && resource.current.averageUtilization !== undefined;

function withoutOwn(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.includes(key)));
}

function withAnnotations<M extends { annotations?: { [key: string]: string } }>(
  metadata: M,
  annotations: { [key: string]: string },
): M {
  const { annotations: _old, ...rest } = metadata;
  return { ...rest, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) } as M;
}

function readList<T>(text: string | undefined): T[] {
  const value = parse(text);
  return Array.isArray(value) ? (value as T[]) : [];
}

function readObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const value = parse(text);
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** In the annotation, the fields of the behaviour start with a capital letter. */
function named({ scaleUp, scaleDown }: NonNullable<NonNullable<V2["spec"]>["behavior"]>): object {
  const rules = (value: typeof scaleUp) =>
    value && {
      StabilizationWindowSeconds: value.stabilizationWindowSeconds ?? null,
      SelectPolicy: value.selectPolicy ?? null,
      Policies: (value.policies ?? []).map(({ type, value: amount, periodSeconds }) => ({
        Type: type,
        Value: amount,
        PeriodSeconds: periodSeconds,
      })),
    };
  return { ScaleUp: rules(scaleUp) ?? null, ScaleDown: rules(scaleDown) ?? null };
}

/** Either spelling, with a small or a capital first letter. */
function unnamed(value: unknown): NonNullable<NonNullable<V2["spec"]>["behavior"]> {
  const small = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(small);
    if (typeof item !== "object" || item === null) return item;
    return Object.fromEntries(
      Object.entries(item)
        .filter(([, field]) => field !== null)
        .map(([key, field]) => [key.charAt(0).toLowerCase() + key.slice(1), small(field)]),
    );
  };
  return small(value) as NonNullable<NonNullable<V2["spec"]>["behavior"]>;
}
