import { podCondition, type Pod, type Service } from "#objects";

/** What was known of a Service and its pods when its endpoints were last worked out. */
export interface TriggerTimes {
  readonly service: string;
  /** By the pod's name: when it last became ready or stopped being so. */
  readonly pods: ReadonlyMap<string, string>;
}

/**
 * The time to note as the cause of a change of endpoints: the earliest of those that are new since `before`
 * (upstream TriggerTimeTracker); undefined when none is. All times are RFC 3339 to the second, in UTC.
 */
export function triggerTime(
  service: Service,
  pods: readonly Pod[],
  before: TriggerTimes | undefined,
): { readonly time: string | undefined; readonly times: TriggerTimes } {
  const times = new Map<string, string>();
  let earliest: string | undefined;
  const consider = (time: string) => {
    if (earliest === undefined || time < earliest) earliest = time;
  };
  for (const pod of pods) {
    const time = podCondition(pod, "Ready")?.lastTransitionTime;
    const name = pod.metadata.name ?? "";
    if (time === undefined) continue;
    times.set(name, time);
    if (time > (before?.pods.get(name) ?? "")) consider(time);
  }
  const created = service.metadata.creationTimestamp ?? "";
  if (created > (before?.service ?? "")) consider(created);
  return { time: before ? earliest : created || undefined, times: { service: created, pods: times } };
}
