import type { Pod } from "#objects";
import type { Runtime } from "../runtime.ts";
import type { Volumes } from "../volumes.ts";
import { NO_DISK, type PodConsumption } from "./consumption.ts";

export interface Gauges {
  readonly runtime: Pick<Runtime, "stats" | "logUsage">;
  readonly volumes: Pick<Volumes, "usage"> | undefined;
}

/** Looks at what pods use, by uid. `disk`: whose logs and volumes are looked at, which takes reading their folders. */
export async function measurePods(
  pods: readonly Pod[],
  disk: (pod: Pod) => boolean,
  { runtime, volumes }: Gauges,
): Promise<ReadonlyMap<string, PodConsumption>> {
  const stats = await runtime.stats?.();
  const ofPods = Map.groupBy(stats?.containers ?? [], ({ podUid }) => podUid);
  const measured = new Map<string, PodConsumption>();
  // One after the other: the disk is not to be kept busy by this.
  for (const pod of pods) {
    const { uid = "" } = pod.metadata;
    const looksAtDisk = disk(pod);
    const logs = looksAtDisk ? await runtime.logUsage?.(pod) : undefined;
    const onDisk = looksAtDisk ? await volumes?.usage?.(pod) : undefined;
    const containers = ofPods.get(uid);
    if (!containers && !logs && !onDisk) continue;
    const names = new Set([...(containers ?? []).map(({ name }) => name), ...(logs?.keys() ?? [])]);
    measured.set(uid, {
      containers: [...names].map((name) => {
        const found = containers?.find((container) => container.name === name);
        return {
          name,
          logs: logs?.get(name) ?? NO_DISK,
          ...(found ? { memory: found.workingSetBytes } : {}),
          ...(found?.rootfs ? { rootfs: found.rootfs } : {}),
        };
      }),
      volumes: onDisk ?? new Map(),
    });
  }
  return measured;
}
