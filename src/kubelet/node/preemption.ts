import { podRequests, qosClass, type Pod, type QosClass, type ResourceAmounts } from "#objects";
import { isCriticalPod } from "./pressure.ts";

/** What a pod lacks to be taken, by resource: thousandths of a CPU, bytes, pods. */
export type Lacking = ReadonlyMap<string, number>;

const requestOf = (requests: ResourceAmounts, resource: string) =>
  resource === "pods" ? 1 : (requests[resource] ?? 0);

/** Whether a pod may be ended for another (upstream Preemptable). */
function isPreemptable(preemptor: Pod, pod: Pod): boolean {
  if (isCriticalPod(preemptor) && !isCriticalPod(pod)) return true;
  const [own, other] = [preemptor.spec?.priority, pod.spec?.priority];
  return own !== undefined && other !== undefined && own > other;
}

interface Victim {
  readonly pod: Pod;
  readonly requests: ResourceAmounts;
}

/** What still lacks once these are gone. */
function without(lacking: Lacking, victims: readonly Victim[]): Lacking {
  const left = [...lacking].map(([resource, amount]): [string, number] => [
    resource,
    victims.reduce((rest, { requests }) => rest - requestOf(requests, resource), amount),
  ]);
  return new Map(left.filter(([, amount]) => amount > 0));
}

/** How far from enough it is once this one is gone: 0 is enough. */
const distance = (lacking: Lacking, { requests }: Victim): number =>
  [...lacking].reduce((sum, [resource, amount]) => {
    const rest = amount - requestOf(requests, resource);
    return rest > 0 ? sum + (rest / amount) ** 2 : sum;
  }, 0);

/** Whether a pod asks for less memory than another, or for as much memory and less CPU, or for as much of both. */
function asksForLess(a: Victim, b: Victim): boolean {
  for (const resource of ["memory", "cpu"]) {
    const [one, other] = [requestOf(a.requests, resource), requestOf(b.requests, resource)];
    if (one !== other) return one < other;
  }
  return true;
}

/** Picks pod after pod, each time the one that frees most of what is missing. Undefined when all are not enough. */
function byDistance(candidates: readonly Victim[], lacking: Lacking): readonly Victim[] | undefined {
  const left = [...candidates];
  const chosen: Victim[] = [];
  for (let rest = lacking; rest.size > 0; rest = without(rest, chosen.slice(-1))) {
    const [first, ...others] = left;
    if (!first) return undefined;
    const best = others.reduce((before, one) => {
      const [d, least] = [distance(rest, one), distance(rest, before)];
      return d < least || (d === least && asksForLess(one, before)) ? one : before;
    }, first);
    chosen.push(best);
    left.splice(left.indexOf(best), 1);
  }
  return chosen;
}

/**
 * Which pods have to go so that the node can take a critical one (upstream getPodsToPreempt): as few guaranteed ones
 * as can be, then as few burstable ones. Undefined when it cannot be done.
 */
export function planPreemption(preemptor: Pod, pods: readonly Pod[], lacking: Lacking): readonly Pod[] | undefined {
  const victims = pods
    .filter((pod) => isPreemptable(preemptor, pod))
    .map((pod): Victim => ({ pod, requests: podRequests(pod) }));
  const ofClass = (qos: QosClass) => victims.filter(({ pod }) => qosClass(pod.spec) === qos);
  const [bestEffort, burstable] = [ofClass("BestEffort"), ofClass("Burstable")];
  const guaranteed = byDistance(ofClass("Guaranteed"), without(lacking, [...bestEffort, ...burstable]));
  if (!guaranteed) return undefined;
  const more = byDistance(burstable, without(lacking, [...bestEffort, ...guaranteed]));
  const most = more && byDistance(bestEffort, without(lacking, [...more, ...guaranteed]));
  return more && most && [...most, ...more, ...guaranteed].map(({ pod }) => pod);
}
