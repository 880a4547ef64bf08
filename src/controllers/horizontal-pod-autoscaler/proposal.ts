/** What each metric of an autoscaler proposes, in upstream's words (upstream podautoscaler: computeReplicasForMetric). */
import {
  approximateQuantity,
  formatQuantity,
  milliQuantityOf,
  parseQuantity,
  scaledQuantity,
  type Pod,
  type V2HorizontalPodAutoscaler,
  type V2MetricIdentifier,
  type V2MetricSpec,
  type V2MetricStatus,
  type V2MetricTarget,
  type V2MetricValueStatus,
} from "#objects";
import { selectorText } from "../framework/selector-text.ts";
import {
  Incomputable,
  replicasForAverage,
  replicasForShare,
  replicasForUtilization,
  replicasForValue,
  type PodReadings,
  type Tolerances,
} from "./replicas.ts";

/** What a metrics API has answered. */
export type Reading =
  /** Of each pod that it knows. */
  | { readonly type: "pods"; readonly pods: PodReadings }
  /** Of an object one, of a thing outside of the cluster any number; in thousandths. */
  | { readonly type: "values"; readonly values: readonly bigint[] }
  /** Nothing, and why. */
  | { readonly type: "failed"; readonly problem: string };

export interface MetricView {
  readonly autoscaler: V2HorizontalPodAutoscaler;
  readonly metric: V2MetricSpec;
  readonly reading: Reading;
  /** As many as the target's scale asks for, and as many as there are. */
  readonly specReplicas: number;
  readonly statusReplicas: number;
  /** Those that the scale selects. */
  readonly pods: readonly Pod[];
}

export type Proposal =
  | {
      readonly type: "proposed";
      readonly replicas: number;
      /** How Events and conditions call the metric. */
      readonly name: string;
      readonly status: V2MetricStatus;
    }
  /** `message` is for the Event and the condition, `error` for what is said of all metrics together. */
  | { readonly type: "failed"; readonly reason: string; readonly message: string; readonly error: string };

const DEFAULT_TOLERANCE = 0.1;

/** What a metric proposes, or why it proposes nothing. */
export function propose(view: MetricView, now: number): Proposal {
  const { metric } = view;
  if (metric.resource) return proposeByResource(view, now);
  if (metric.containerResource) return proposeByResource(view, now);
  if (metric.pods) return proposeByPods(view, now);
  if (metric.object) return proposeByObject(view);
  if (metric.external) return proposeByExternal(view);
  const message = `unknown metric source type ${JSON.stringify(metric.type)}`;
  return { type: "failed", reason: "InvalidMetricSourceType", message, error: message };
}

function tolerancesOf({ spec }: V2HorizontalPodAutoscaler): Tolerances {
  const of = (tolerance: string | undefined) =>
    tolerance === undefined ? DEFAULT_TOLERANCE : approximateQuantity(parseQuantity(tolerance));
  const { scaleDown, scaleUp } = spec.behavior ?? {};
  return { down: of(scaleDown?.tolerance), up: of(scaleUp?.tolerance) };
}

/** The answer of `compute`, or what it says of why there is none. */
function attempt<T>(compute: () => T): T | { readonly problem: string } {
  try {
    return compute();
  } catch (error) {
    if (error instanceof Incomputable) return { problem: error.message };
    throw error;
  }
}

const failed = (reason: string, message: string, error: string): Proposal => ({
  type: "failed",
  reason,
  message,
  error,
});

const milliOf = (quantity: string): bigint => scaledQuantity(parseQuantity(quantity), -3);
const decimal = (milli: bigint): string => formatQuantity(milliQuantityOf(milli));
/** As metrics-server writes amounts. */
const amount = (resource: string, milli: bigint): string =>
  formatQuantity(milliQuantityOf(milli, resource === "memory" ? "BinarySI" : "DecimalSI"));

const podsOf = (reading: Reading): PodReadings => {
  if (reading.type === "failed") throw new Incomputable(reading.problem);
  return reading.type === "pods" ? reading.pods : new Map();
};

const totalOf = (reading: Reading): bigint => {
  if (reading.type === "failed") throw new Incomputable(reading.problem);
  return reading.type === "values" ? reading.values.reduce((sum, value) => sum + value, 0n) : 0n;
};

/** Puts words before what went wrong. */
function wrapped<T>(words: (problem: string) => string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof Incomputable) throw new Incomputable(words(error.message));
    throw error;
  }
}

function proposeByResource(view: MetricView, now: number): Proposal {
  const { metric } = view;
  const { name, target } = (metric.resource ?? metric.containerResource)!;
  const container = metric.containerResource?.container;
  const found = attempt(() => ofResource(view, name, container, target, now));
  if ("problem" in found) {
    const reason = container === undefined ? "FailedGetResourceMetric" : "FailedGetContainerResourceMetric";
    const of = container === undefined ? `${name} resource` : `${container} container`;
    return failed(reason, found.problem, `failed to get ${of} metric value: ${found.problem}`);
  }
  const { replicas, current, called } = found;
  const status: V2MetricStatus =
    container === undefined
      ? { type: "Resource", resource: { name, current } }
      : { type: "ContainerResource", containerResource: { name, container, current } };
  return { type: "proposed", replicas, name: called, status };
}

function ofResource(
  { autoscaler, reading, specReplicas, pods }: MetricView,
  resource: string,
  container: string | undefined,
  { averageValue, averageUtilization }: V2MetricTarget,
  now: number,
): { readonly replicas: number; readonly current: V2MetricValueStatus; readonly called: string } {
  const readings = () =>
    wrapped(
      (why) => `unable to get metrics for resource ${resource}: ${why}`,
      () => podsOf(reading),
    );
  const metric = () => ({
    currentReplicas: specReplicas,
    pods,
    readings: readings(),
    tolerances: tolerancesOf(autoscaler),
    resource,
    now,
  });
  if (averageValue !== undefined) {
    const { replicas, milli } = wrapped(
      (why) => `failed to get ${resource} usage: ${why}`,
      () => replicasForAverage(metric(), milliOf(averageValue)),
    );
    return { replicas, current: { averageValue: amount(resource, milli) }, called: `${resource} resource` };
  }
  if (averageUtilization === undefined) {
    throw new Incomputable(
      "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set",
    );
  }
  const { replicas, utilization, milli } = wrapped(
    (why) => `failed to get ${resource} utilization: ${why}`,
    () => replicasForUtilization(metric(), { percent: averageUtilization, container }),
  );
  return {
    replicas,
    current: { averageUtilization: utilization, averageValue: amount(resource, milli) },
    called: `${resource} ${container === undefined ? "" : "container "}resource utilization (percentage of request)`,
  };
}

function proposeByPods({ autoscaler, metric, reading, specReplicas, pods }: MetricView, now: number): Proposal {
  const { metric: identifier, target } = metric.pods!;
  const found = attempt(() => {
    const readings = wrapped(
      (why) => `unable to get metric ${identifier.name}: ${why}`,
      () => podsOf(reading),
    );
    const tolerances = tolerancesOf(autoscaler);
    const of = { currentReplicas: specReplicas, pods, readings, tolerances, now };
    return replicasForAverage(of, milliOf(target.averageValue ?? "0"));
  });
  if ("problem" in found) {
    return failed("FailedGetPodsMetric", found.problem, `failed to get pods metric value: ${found.problem}`);
  }
  return {
    type: "proposed",
    replicas: found.replicas,
    name: `pods metric ${identifier.name}`,
    status: { type: "Pods", pods: { metric: named(identifier), current: { averageValue: decimal(found.milli) } } },
  };
}

const named = ({ name, selector }: V2MetricIdentifier): V2MetricIdentifier => ({
  name,
  ...(selector ? { selector } : {}),
});

function proposeByObject({ autoscaler, metric, reading, specReplicas, statusReplicas, pods }: MetricView): Proposal {
  const { metric: identifier, target, describedObject } = metric.object!;
  const { namespace } = autoscaler.metadata;
  const reason = "FailedGetObjectMetric";
  const outer = (problem: string) => `failed to get object metric value: ${problem}`;
  const total = () =>
    wrapped(
      (why) =>
        `unable to get metric ${identifier.name}: ${why} on ${describedObject.kind} ${namespace}/${describedObject.name}`,
      () => totalOf(reading),
    );
  const tolerances = tolerancesOf(autoscaler);
  const status = (current: V2MetricValueStatus): V2MetricStatus => ({
    type: "Object",
    object: { describedObject, metric: named(identifier), current },
  });
  if (target.type === "Value" && target.value !== undefined) {
    const targetMilli = milliOf(target.value);
    const found = attempt(() => {
      const totalMilli = total();
      return { totalMilli, replicas: replicasForValue({ totalMilli, targetMilli, tolerances }, specReplicas, pods) };
    });
    if ("problem" in found) return failed(reason, found.problem, outer(found.problem));
    const name = `${describedObject.kind} metric ${identifier.name}`;
    return { type: "proposed", replicas: found.replicas, name, status: status({ value: decimal(found.totalMilli) }) };
  }
  if (target.type === "AverageValue" && target.averageValue !== undefined) {
    const targetMilli = milliOf(target.averageValue);
    const found = attempt(() => replicasForShare({ totalMilli: total(), targetMilli, tolerances }, statusReplicas));
    if ("problem" in found) {
      return failed(reason, found.problem, outer(`failed to get ${identifier.name} object metric: ${found.problem}`));
    }
    const { replicas, milli } = found;
    return { type: "proposed", replicas, name: outside(identifier), status: status({ averageValue: decimal(milli) }) };
  }
  const message = "invalid object metric source: neither a value target nor an average value target was set";
  return failed(reason, message, outer(message));
}

const outside = ({ name, selector }: V2MetricIdentifier): string =>
  `external metric ${name}(${selectorText(selector)})`;

function proposeByExternal({ autoscaler, metric, reading, specReplicas, statusReplicas, pods }: MetricView): Proposal {
  const { metric: identifier, target } = metric.external!;
  const { namespace } = autoscaler.metadata;
  const reason = "FailedGetExternalMetric";
  const outer = (problem: string) => `failed to get ${identifier.name} external metric value: ${problem}`;
  const total = () =>
    wrapped(
      (why) =>
        `unable to get external metric ${namespace}/${identifier.name}/${selectorText(identifier.selector)}: ${why}`,
      () => totalOf(reading),
    );
  const tolerances = tolerancesOf(autoscaler);
  const status = (current: V2MetricValueStatus): V2MetricStatus => ({
    type: "External",
    external: { metric: named(identifier), current },
  });
  if (target.averageValue !== undefined) {
    const targetMilli = milliOf(target.averageValue);
    const found = attempt(() => replicasForShare({ totalMilli: total(), targetMilli, tolerances }, statusReplicas));
    if ("problem" in found) {
      return failed(reason, found.problem, outer(`failed to get ${identifier.name} external metric: ${found.problem}`));
    }
    const { replicas, milli } = found;
    return { type: "proposed", replicas, name: outside(identifier), status: status({ averageValue: decimal(milli) }) };
  }
  if (target.value !== undefined) {
    const targetMilli = milliOf(target.value);
    const found = attempt(() => {
      const totalMilli = total();
      return { totalMilli, replicas: replicasForValue({ totalMilli, targetMilli, tolerances }, specReplicas, pods) };
    });
    if ("problem" in found) {
      return failed(reason, found.problem, outer(`failed to get external metric ${identifier.name}: ${found.problem}`));
    }
    const { replicas, totalMilli } = found;
    return { type: "proposed", replicas, name: outside(identifier), status: status({ value: decimal(totalMilli) }) };
  }
  const message = "invalid external metric source: neither a value target nor an average value target was set";
  return failed(reason, message, outer(message));
}
