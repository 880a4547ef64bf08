import type { Pod } from "#objects";
import { scaled } from "../deployment/limits.ts";
import { firstOrdinal, ordinalOf, replicasOf, revisionOf, type Version } from "./identity.ts";
import type { StatefulSetView } from "./view.ts";
import { isTerminating, isUnavailable } from "./status.ts";

/**
 * The version that the pod of an ordinal is made of: below the partition the current one (upstream
 * newVersionedStatefulSetPod). Without a partition, as many pods as were current before.
 */
export function versionFor({ set, current, update }: StatefulSetView, ordinal: number): Version {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  const kept = rollingUpdate
    ? (rollingUpdate.partition ?? 0)
    : type === "RollingUpdate"
      ? (set.status?.currentReplicas ?? 0)
      : 0;
  return ordinal < firstOrdinal(set) + kept ? current : update;
}

/** The pods that are to be stopped now so that they come back up to date, from the highest ordinal. `wanted` by ordinal. */
export function outdatedPods(
  view: StatefulSetView,
  wanted: readonly Pod[],
  now: number,
): { readonly pods: readonly Pod[]; readonly because: string } {
  const { type, rollingUpdate } = view.set.spec?.updateStrategy ?? {};
  if (type === "OnDelete") return { pods: [], because: "which are updated when they are deleted" };
  const from = firstOrdinal(view.set) + (rollingUpdate?.partition ?? 0);
  return view.countsUnavailable ? severalAtOnce(view, wanted, from, now) : oneByOne(view, wanted, from, now);
}

const isOutdated = ({ update }: StatefulSetView, pod: Pod) => revisionOf(pod) !== update.name && !isTerminating(pod);

/** The next one, once all of higher ordinals are up to date and available. */
function oneByOne(view: StatefulSetView, wanted: readonly Pod[], from: number, now: number) {
  const last = firstOrdinal(view.set) + replicasOf(view.set) - 1;
  for (let at = wanted.length - 1, ordinal = last; ordinal >= from; at--, ordinal--) {
    const pod = wanted[at];
    if (!pod || ordinalOf(pod) !== ordinal) return { pods: [], because: "of which one is missing" };
    if (isOutdated(view, pod)) return { pods: [pod], because: `of which ${pod.metadata.name} is the next to update` };
    if (isUnavailable(view.set, pod, now))
      return { pods: [], because: `of which ${pod.metadata.name} is not available` };
  }
  return { pods: [], because: "up to date" };
}

/**
 * As many as may be unavailable. What is unavailable anyway costs nothing, and goes first: a version that never became
 * available would stop the one that mends it (upstream from 1.37 on; before, it did).
 */
function severalAtOnce(view: StatefulSetView, wanted: readonly Pod[], from: number, now: number) {
  const { set } = view;
  const replicas = replicasOf(set);
  const most = Math.max(1, scaled(set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, replicas, Math.floor));
  const outdated = wanted.filter((pod) => ordinalOf(pod) >= from && isOutdated(view, pod)).toReversed();
  const unavailable = replicas - wanted.filter((pod) => !isUnavailable(set, pod, now)).length;
  const free = outdated.filter((pod) => isUnavailable(set, pod, now));
  const costing = outdated.filter((pod) => !isUnavailable(set, pod, now)).slice(0, Math.max(0, most - unavailable));
  const because =
    outdated.length === 0 ? "up to date" : `of which ${outdated.length} are to update, ${most} unavailable at most`;
  return { pods: [...free, ...costing], because };
}
