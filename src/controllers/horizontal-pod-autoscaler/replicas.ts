/**
 * How many pods a metric asks for (upstream podautoscaler: replica_calculator.go). Amounts are whole thousandths, sums
 * of which are exact.
 */
import { isSidecar, parseQuantity, podCondition, podRequests, scaledQuantity, type Pod } from "#objects";

/** What one pod uses, or says of itself. */
export interface PodReading {
  /** The end of the window, in milliseconds since the epoch. */
  readonly time: number;
  readonly windowMs: number;
  readonly milli: bigint;
}

export type PodReadings = ReadonlyMap<string, PodReading>;

/** How far from 1 the ratio of what is to what should be may lie without anything being done. */
export interface Tolerances {
  readonly down: number;
  readonly up: number;
}

/** A pod that started less than this ago is not judged by its CPU before it is ready (cpu-initialization-period). */
const CPU_INITIALIZATION_MS = 5 * 60_000;
/** A pod that became unready within this of its start has never been ready (initial-readiness-delay). */
const INITIAL_READINESS_MS = 30_000;

const MOST = 2 ** 31 - 1;

/** Whole pods, as many as upstream can count. */
const wholePods = (count: number): number => Math.min(MOST, Math.ceil(count));

const isWithin = ({ down, up }: Tolerances, ratio: number): boolean => 1 - down <= ratio && ratio <= 1 + up;

/** Says why nothing can be computed; the text reaches the client. */
export class Incomputable extends Error {}

export interface PodsMetric {
  /** As many as the target's scale asks for now. */
  readonly currentReplicas: number;
  readonly pods: readonly Pod[];
  readonly readings: PodReadings;
  readonly tolerances: Tolerances;
  /** `cpu`, `memory`; undefined: what pods say of themselves. */
  readonly resource?: string;
  readonly now: number;
}

export interface Utilization {
  readonly replicas: number;
  /** Percent of the requests. */
  readonly utilization: number;
  /** On average. */
  readonly milli: bigint;
}

/**
 * By a percentage of what pods request.
 *
 * @throws Incomputable
 */
export function replicasForUtilization(
  metric: PodsMetric & { readonly resource: string },
  { percent, container }: { readonly percent: number; readonly container: string | undefined },
): Utilization {
  const counted = count(metric);
  const requests = new Map(
    metric.pods.map((pod) => [pod.metadata.name ?? "", requestOf(pod, container, metric.resource)]),
  );
  const requestOfPod = (name: string) => requests.get(name) ?? 0n;
  const ratioOf = (values: ReadonlyMap<string, bigint>) => {
    let used = 0n;
    let requested = 0n;
    let pods = 0n;
    for (const [name, milli] of values) {
      if (!requests.has(name)) continue;
      used += milli;
      requested += requestOfPod(name);
      pods++;
    }
    if (requested === 0n) throw new Incomputable("no metrics returned matched known pods");
    const utilization = Number((used * 100n) / requested);
    return { ratio: utilization / percent, utilization, milli: used / pods };
  };
  const { ratio, utilization, milli } = ratioOf(counted.values);
  // Shrinking, those that nothing is known of count as using all that they request, or as much as they should.
  const full = BigInt(Math.max(100, percent));
  const replicas = settle(metric, counted, ratio, {
    missing: (name) => (requestOfPod(name) * full) / 100n,
    ratioOf: (values) => ratioOf(values).ratio,
  });
  return { replicas, utilization, milli };
}

/**
 * By an amount for each pod.
 *
 * @throws Incomputable
 */
export function replicasForAverage(
  metric: PodsMetric,
  targetMilli: bigint,
): { readonly replicas: number; readonly milli: bigint } {
  const counted = count(metric);
  const averageOf = (values: ReadonlyMap<string, bigint>) =>
    [...values.values()].reduce((sum, milli) => sum + milli, 0n) / BigInt(values.size);
  const ratioOf = (values: ReadonlyMap<string, bigint>) => Number(averageOf(values)) / Number(targetMilli);
  const replicas = settle(metric, counted, ratioOf(counted.values), { missing: () => targetMilli, ratioOf });
  return { replicas, milli: averageOf(counted.values) };
}

interface Counted {
  readonly ready: number;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
  /** Of those that count. */
  readonly values: ReadonlyMap<string, bigint>;
}

/** Sorts the pods, and drops the readings of those that do not count (upstream groupPods). */
function count({ pods, readings, resource, now }: PodsMetric): Counted {
  if (pods.length === 0) throw new Incomputable("no pods returned by selector while calculating replica count");
  const unready: string[] = [];
  const missing: string[] = [];
  const values = new Map([...readings].map(([name, { milli }]) => [name, milli]));
  let ready = 0;
  for (const pod of pods) {
    const { name = "", deletionTimestamp } = pod.metadata;
    const reading = readings.get(name);
    const phase = pod.status?.phase;
    if (deletionTimestamp !== undefined || phase === "Failed") values.delete(name);
    else if (phase === "Pending" || (reading && resource === "cpu" && !isSettled(pod, reading, now))) {
      unready.push(name);
      values.delete(name);
    } else if (!reading) missing.push(name);
    else ready++;
  }
  if (values.size === 0) throw new Incomputable("did not receive metrics for targeted pods (pods might be unready)");
  return { ready, unready, missing, values };
}

/** Whether the CPU that a pod uses says something of the load, and not only of its start. */
function isSettled(pod: Pod, { time, windowMs }: PodReading, now: number): boolean {
  const condition = podCondition(pod, "Ready");
  const startedAt = Date.parse(pod.status?.startTime ?? "");
  if (!condition || Number.isNaN(startedAt)) return false;
  const since = Date.parse(condition.lastTransitionTime ?? "") || 0;
  if (startedAt + CPU_INITIALIZATION_MS > now) return condition.status !== "False" && time >= since + windowMs;
  return condition.status !== "False" || startedAt + INITIAL_READINESS_MS <= since;
}

/**
 * From the ratio of the pods that are known to the number of pods: those that nothing is known of, and those that are
 * not ready yet, count so that they hold back what would be done without them.
 */
function settle(
  { currentReplicas, tolerances }: PodsMetric,
  { ready, unready, missing, values }: Counted,
  ratio: number,
  assumed: {
    readonly missing: (name: string) => bigint;
    readonly ratioOf: (values: ReadonlyMap<string, bigint>) => number;
  },
): number {
  const growsWithUnready = unready.length > 0 && ratio > 1;
  if (!growsWithUnready && missing.length === 0) {
    return isWithin(tolerances, ratio) ? currentReplicas : wholePods(ratio * ready);
  }
  const all = new Map(values);
  if (ratio < 1) for (const name of missing) all.set(name, assumed.missing(name));
  if (ratio > 1) for (const name of missing) all.set(name, 0n);
  if (growsWithUnready) for (const name of unready) all.set(name, 0n);
  const held = assumed.ratioOf(all);
  if (isWithin(tolerances, held) || (ratio < 1 && held > 1) || (ratio > 1 && held < 1)) return currentReplicas;
  const replicas = wholePods(held * all.size);
  const turns = (held < 1 && replicas > currentReplicas) || (held > 1 && replicas < currentReplicas);
  return turns ? currentReplicas : replicas;
}

/** What a pod, or one of its containers, requests. */
function requestOf(pod: Pod, container: string | undefined, resource: string): bigint {
  const { name } = pod.metadata;
  const { spec } = pod;
  if (container === undefined && Object.keys(spec?.resources?.requests ?? {}).length > 0) {
    const amount = podRequests(pod)[resource];
    if (amount === undefined) throw new Incomputable(`missing pod-level request for ${resource} in Pod ${name}`);
    return resource === "cpu" ? BigInt(amount) : BigInt(amount) * 1000n;
  }
  let sum = 0n;
  for (const one of [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(isSidecar)]) {
    if (container !== undefined && container !== one.name) continue;
    const amount = one.resources?.requests?.[resource];
    if (amount === undefined) {
      throw new Incomputable(`missing request for ${resource} in container ${one.name} of Pod ${name}`);
    }
    const milli = scaledQuantity(parseQuantity(amount), -3);
    if (container !== undefined) return milli;
    sum += milli;
  }
  if (container !== undefined) throw new Incomputable(`container ${container} not found in Pod ${name}`);
  return sum;
}

export interface TotalMetric {
  readonly totalMilli: bigint;
  readonly targetMilli: bigint;
  readonly tolerances: Tolerances;
}

/**
 * By a value that all pods together are to bring to the target.
 *
 * @throws Incomputable
 */
export function replicasForValue(
  { totalMilli, targetMilli, tolerances }: TotalMetric,
  currentReplicas: number,
  pods: readonly Pod[],
): number {
  const ratio = Number(totalMilli) / Number(targetMilli);
  if (currentReplicas === 0) return wholePods(ratio);
  if (isWithin(tolerances, ratio)) return currentReplicas;
  if (pods.length === 0) {
    throw new Incomputable(
      "unable to calculate ready pods: no pods returned by selector while calculating replica count",
    );
  }
  const ready = pods.filter(
    (pod) => pod.status?.phase === "Running" && podCondition(pod, "Ready")?.status === "True",
  ).length;
  return wholePods(ratio * ready);
}

/** By a value that is shared out: so much for each pod. `milli` is the share of each pod that there is. */
export function replicasForShare(
  { totalMilli, targetMilli, tolerances }: TotalMetric,
  statusReplicas: number,
): { readonly replicas: number; readonly milli: bigint } {
  const ratio = Number(totalMilli) / (Number(targetMilli) * statusReplicas);
  const replicas = isWithin(tolerances, ratio) ? statusReplicas : wholePods(Number(totalMilli) / Number(targetMilli));
  const pods = BigInt(Math.max(1, statusReplicas));
  return { replicas, milli: totalMilli / pods + (totalMilli % pods > 0n ? 1n : 0n) };
}
