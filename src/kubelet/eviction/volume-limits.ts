import { every, type Clock, type Log, type Scope } from "#base";
import { compareQuantities, goQuote, parseQuantity, quantityOf, quantitySign, type Pod } from "#objects";
import { isCriticalPod } from "../node/pressure.ts";
import type { Happening } from "../pod/happening.ts";
import type { PodView } from "../pod/view.ts";
import type { Volumes } from "../volumes.ts";

/** A volume that may hold only so much. */
export interface LimitedVolume {
  readonly name: string;
  /** A quantity of bytes: `1Gi`. */
  readonly limit: string;
}

/** The volumes of a pod whose size has to be looked after: memory keeps its limit by itself. */
export function limitedVolumes({ spec }: Pod): readonly LimitedVolume[] {
  return (spec?.volumes ?? []).flatMap(({ name, emptyDir }) => {
    const { sizeLimit, medium = "" } = emptyDir ?? {};
    if (sizeLimit === undefined || medium !== "" || quantitySign(parseQuantity(sizeLimit)) <= 0) return [];
    return [{ name, limit: String(sizeLimit) }];
  });
}

/** Why the pod has to go, by what the volume takes (upstream emptyDirLimitEviction); undefined: it has not. */
export function excessOf({ name, limit }: LimitedVolume, usedBytes: number): string | undefined {
  if (compareQuantities(quantityOf(usedBytes), parseQuantity(limit)) <= 0) return undefined;
  return `Usage of EmptyDir volume ${goQuote(name)} exceeds the limit ${goQuote(limit)}. `;
}

/** A pod's worker. */
export interface Evictable {
  readonly view: PodView;
  dispatch(happening: Happening): void;
}

export interface VolumeLimitsOptions {
  readonly pods: () => Iterable<Evictable>;
  readonly usage: NonNullable<Volumes["usage"]>;
  readonly clock: Clock;
  readonly log: Log;
  /** Closing it ends the looking. */
  readonly scope: Scope;
}

/** Upstream monitoringInterval. */
const PERIOD_MS = 10_000;

/** Evicts pods whose emptyDirs have grown beyond their limits: looks every ten seconds where there are such limits. */
export function startVolumeLimits({ pods, usage, clock, log, scope }: VolumeLimitsOptions): void {
  let underWay = false;
  const check = async ({ view, dispatch }: { view: PodView; dispatch: (happening: Happening) => void }) => {
    for (const volume of limitedVolumes(view.pod)) {
      const used = await usage(view.pod, volume.name);
      const message = used === undefined ? undefined : excessOf(volume, used);
      if (message === undefined) continue;
      dispatch({ type: "evicted", message });
      return;
    }
  };
  const round = async () => {
    if (underWay) return;
    underWay = true;
    for (const pod of [...pods()]) {
      const { view } = pod;
      if (view.lifecycle.state !== "active" || isCriticalPod(view.pod)) continue;
      try {
        await check({ view, dispatch: (happening) => pod.dispatch(happening) });
      } catch (error) {
        if (!scope.signal.aborted)
          log.warn("what a volume holds could not be measured", { pod: view.pod.metadata.uid, error });
      }
    }
    underWay = false;
  };
  const timer = every(clock, PERIOD_MS, () => void round());
  scope.defer(() => timer.cancel());
}
