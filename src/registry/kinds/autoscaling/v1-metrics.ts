import type {
  Draft,
  LabelSelector,
  V2CrossVersionObjectReference,
  V2MetricIdentifier,
  V2MetricSpec,
  V2MetricStatus,
  V2MetricTarget,
  V2MetricValueStatus,
} from "#objects";

/** A metric, wanted or current, in the flat form that the annotations of v1 hold. */
export interface V1Metric {
  readonly type: string;
  readonly resource?: V1Source;
  readonly containerResource?: V1Source;
  readonly pods?: V1Source;
  readonly object?: V1Source;
  readonly external?: V1Source;
}

/** The fields of all kinds of sources; each has some of them. */
interface V1Source {
  readonly name?: string;
  readonly container?: string;
  readonly metricName?: string;
  readonly selector?: LabelSelector;
  readonly metricSelector?: LabelSelector;
  readonly target?: V2CrossVersionObjectReference;
  readonly targetAverageUtilization?: number;
  readonly targetAverageValue?: string;
  readonly targetValue?: string;
  readonly averageValue?: string;
  readonly currentAverageUtilization?: number;
  readonly currentAverageValue?: string;
  readonly currentValue?: string;
}

const given = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;

/** Source: upstream pkg/apis/autoscaling/v1 Convert_autoscaling_*MetricSource_To_v1_*. */
export function metricToV1(metric: V2MetricSpec): V1Metric {
  const { type, resource, containerResource, pods, object, external } = metric;
  const ofResource = ({ name, target }: { readonly name: string; readonly target: V2MetricTarget }): V1Source =>
    given({
      name,
      targetAverageUtilization: target.averageUtilization,
      targetAverageValue: target.averageValue,
    }) as V1Source;
  return given({
    type,
    resource: resource && ofResource(resource),
    containerResource: containerResource && {
      ...ofResource(containerResource),
      container: containerResource.container,
    },
    pods:
      pods &&
      (given({
        metricName: pods.metric.name,
        selector: pods.metric.selector,
        targetAverageValue: pods.target.averageValue,
      }) as V1Source),
    object:
      object &&
      (given({
        target: object.describedObject,
        metricName: object.metric.name,
        selector: object.metric.selector,
        targetValue: object.target.value ?? "0",
        averageValue: object.target.averageValue,
      }) as V1Source),
    external:
      external &&
      (given({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }) as V1Source),
  }) as V1Metric;
}

/** The inverse. */
export function metricFromV1({
  type,
  resource,
  containerResource,
  pods,
  object,
  external,
}: V1Metric): Draft<V2MetricSpec> {
  return given({
    type,
    resource: resource && { name: resource.name ?? "", target: resourceTarget(resource) },
    containerResource: containerResource && {
      name: containerResource.name ?? "",
      container: containerResource.container ?? "",
      target: resourceTarget(containerResource),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      target: given({ type: "AverageValue", averageValue: pods.targetAverageValue }),
    },
    object: object && {
      describedObject: object.target ?? { kind: "", name: "" },
      metric: identifier(object.metricName, object.selector),
      target: valueTarget(object.targetValue, object.averageValue),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: valueTarget(external.targetValue, external.targetAverageValue),
    },
  }) as Draft<V2MetricSpec>;
}

/** What the metric is now. */
export function statusToV1(status: V2MetricStatus): V1Metric {
  const { type, resource, containerResource, pods, object, external } = status;
  const ofResource = ({ name, current }: { readonly name: string; readonly current: V2MetricValueStatus }): V1Source =>
    given({
      name,
      currentAverageUtilization: current.averageUtilization,
      currentAverageValue: current.averageValue,
    }) as V1Source;
  const ofMetric = ({
    metric,
    current,
  }: {
    readonly metric: V2MetricIdentifier;
    readonly current: V2MetricValueStatus;
  }) =>
    given({
      metricName: metric.name,
      selector: metric.selector,
      currentValue: current.value,
      currentAverageValue: current.averageValue,
    }) as V1Source;
  return given({
    type,
    resource: resource && ofResource(resource),
    containerResource: containerResource && {
      ...ofResource(containerResource),
      container: containerResource.container,
    },
    pods: pods && ofMetric(pods),
    object: object && { ...ofMetric(object), target: object.describedObject },
    external: external && ofMetric(external),
  }) as V1Metric;
}

/** The inverse. */
export function statusFromV1(metric: V1Metric): Draft<V2MetricStatus> {
  const { type, resource, containerResource, pods, object, external } = metric;
  const current = (source: V1Source) =>
    given({
      averageUtilization: source.currentAverageUtilization,
      averageValue: source.currentAverageValue,
      value: source.currentValue,
    });
  const ofMetric = (source: V1Source) => ({
    metric: identifier(source.metricName, source.selector ?? source.metricSelector),
    current: current(source),
  });
  return given({
    type,
    resource: resource && { name: resource.name ?? "", current: current(resource) },
    containerResource: containerResource && {
      name: containerResource.name ?? "",
      container: containerResource.container ?? "",
      current: current(containerResource),
    },
    pods: pods && ofMetric(pods),
    object: object && { ...ofMetric(object), describedObject: object.target ?? { kind: "", name: "" } },
    external: external && ofMetric(external),
  }) as Draft<V2MetricStatus>;
}

function identifier(name: string | undefined, selector: LabelSelector | undefined): V2MetricIdentifier {
  return given({ name: name ?? "", selector }) as V2MetricIdentifier;
}

function resourceTarget(source: V1Source): V2MetricTarget {
  return given({
    type: source.targetAverageUtilization === undefined ? "AverageValue" : "Utilization",
    averageUtilization: source.targetAverageUtilization,
    averageValue: source.targetAverageValue,
  }) as V2MetricTarget;
}

function valueTarget(value: string | undefined, averageValue: string | undefined): V2MetricTarget {
  return averageValue === undefined
    ? (given({ type: "Value", value }) as V2MetricTarget)
    : { type: "AverageValue", averageValue };
}
