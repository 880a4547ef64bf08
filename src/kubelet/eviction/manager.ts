import { sleep, type Clock, type Log, type Scope } from "#base";
import type { EventRecorder } from "#client";
import type { Node, Pod } from "#objects";
import { nodeReference } from "../node/agent.ts";
import type { NodeMonitor } from "../node/health.ts";
import { isCriticalPod } from "../node/pressure.ts";
import type { Candidate, PodConsumption } from "./consumption.ts";
import { exceededLimit, hasDiskLimits } from "./limits.ts";
import { measurePods, type Gauges } from "./measure.ts";
import { lowMessage } from "./message.ts";
import { evictionRank } from "./rank.ts";
import { firstShortage, type Shortage } from "../node/shortage.ts";

/** Upstream's periods: evictionMonitoringPeriod, podCleanupTimeout and its poll. */
const PERIOD_MS = 10_000;
const CLEANUP_MS = 30_000;
const LOOK_MS = 1_000;
/** Upstream's volumeStatsAggPeriod: a pod over a limit is found at most so long after. */
const LIMITS_MS = 60_000;
/** Of all time, what looking may take: where that is quick, it is done more often. */
const LIMITS_SHARE = 0.01;

export interface EvictionOptions extends Gauges {
  /** It has to be one that measures: `look`. */
  readonly monitor: Required<Pick<NodeMonitor, "look">> & Pick<NodeMonitor, "imagesApart">;
  /** Those that run and may go on running. */
  readonly activePods: () => readonly Pod[];
  /** Ends the pod for good; `low`: because the node lacks something. */
  readonly evict: (pod: Pod, message: string, low: boolean) => void;
  /** Nothing of the pod runs any more. */
  readonly isOver: (pod: Pod) => boolean;
  /** Frees disk space that is not in use; absent when there is nothing of the kind. */
  readonly reclaimDisk: (() => Promise<void>) | undefined;
  readonly recorder: EventRecorder;
  readonly node: () => Node;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Scope;
}

/**
 * Evicts pods that are over their limits on disk, and one pod at a time while the node is short of something
 * (upstream's eviction manager with hard thresholds).
 */
export function startEviction(options: EvictionOptions): void {
  const { clock, log, scope, isOver } = options;
  scope.run("eviction", async (signal) => {
    let limitsDue = -Infinity;
    while (!signal.aborted) {
      let evicted: readonly Pod[] = [];
      try {
        const start = clock.monotonic();
        const looksAtLimits = start >= limitsDue;
        evicted = await evictOnce(options, looksAtLimits);
        const end = clock.monotonic();
        if (looksAtLimits) limitsDue = end + Math.min((end - start) / LIMITS_SHARE, LIMITS_MS);
      } catch (error) {
        if (signal.aborted) return;
        log.warn("whether pods have to be evicted could not be told", { error });
      }
      // What goes is to be gone before another has to follow.
      const due = clock.monotonic() + (evicted.length > 0 ? CLEANUP_MS : PERIOD_MS);
      while (clock.monotonic() < due && !signal.aborted) {
        if (evicted.length > 0 && evicted.every(isOver)) break;
        await sleep(clock, evicted.length > 0 ? LOOK_MS : PERIOD_MS, signal).catch(() => {});
      }
    }
  });
}

/** Looks once; resolves to those that were evicted. */
async function evictOnce(options: EvictionOptions, looksAtLimits: boolean): Promise<readonly Pod[]> {
  const { monitor, activePods, recorder, node, reclaimDisk } = options;
  const shortages = await monitor.look();
  const over = looksAtLimits || shortages.length > 0 ? await evictOverLimits(options) : [];
  if (over.length > 0) return over;
  const shortage = firstShortage(shortages);
  if (!shortage) return [];
  recorder.event(
    nodeReference(node().metadata.name ?? ""),
    "Warning",
    "EvictionThresholdMet",
    `Attempting to reclaim ${shortage.resource}`,
  );
  if (shortage.disk && reclaimDisk) {
    await reclaimDisk();
    if ((await monitor.look()).length === 0) return [];
  }
  const pods = activePods();
  const used = await measurePods(pods, () => shortage.disk !== undefined, options);
  return evictFirst(pods, used, shortage, options);
}

async function evictOverLimits(options: EvictionOptions): Promise<readonly Pod[]> {
  const { activePods, evict, monitor } = options;
  const bounded = activePods().filter((pod) => hasDiskLimits(pod) && !isCriticalPod(pod));
  if (bounded.length === 0) return [];
  const used = await measurePods(bounded, () => true, options);
  return bounded.filter((pod) => {
    const own = used.get(pod.metadata.uid ?? "");
    const message = own && exceededLimit(pod, own, monitor.imagesApart ?? false);
    if (message !== undefined) evict(pod, message, false);
    return message !== undefined;
  });
}

function evictFirst(
  pods: readonly Pod[],
  used: ReadonlyMap<string, PodConsumption>,
  shortage: Shortage,
  { evict, monitor, log }: EvictionOptions,
): readonly Pod[] {
  const candidates = pods.map((pod): Candidate => ({ pod, used: used.get(pod.metadata.uid ?? "") }));
  const ranked = evictionRank(candidates, shortage, monitor.imagesApart ?? false);
  const first = ranked.find(({ pod }) => !isCriticalPod(pod));
  if (!first) {
    log.warn("the node is short of something, and has no pod to evict", { resource: shortage.resource });
    return [];
  }
  evict(first.pod, lowMessage(shortage, first), true);
  return [first.pod];
}
