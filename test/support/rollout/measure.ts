import { phaseOf, podsBySet, versionsOf } from "./versions.ts";
import type { LiveCluster } from "./live-cluster.ts";

/** What a rollout looked like, taken after every change of any object. */
export interface Measured {
  /** The fewest Pods that served at one moment. */
  readonly fewestReady: number;
  /** The most Pods that were there at one moment, without those on their way out. */
  readonly mostPods: number;
  /** Whether Pods of two versions were there at one moment, those on their way out included as long as they run. */
  readonly mixed: boolean;
  /** How often a ReplicaSet was given another size. */
  readonly resizes: number;
  /** From the start of the measurement to the last change of a Pod. */
  readonly tookMs: number;
}

export interface Measurement {
  readonly now: Measured;
  stop(): Measured;
}

/** Measures a Deployment from now on. */
export function measure(live: LiveCluster, deployment: string): Measurement {
  const began = performance.now();
  const sizes = new Map<string, number>();
  let picture = "";
  let now: Measured = { fewestReady: Infinity, mostPods: 0, mixed: false, resizes: 0, tookMs: 0 };
  const look = () => {
    const sets = podsBySet(live, deployment);
    const pods = [...sets.values()].flat();
    const phases = pods.map(phaseOf);
    let { resizes, tookMs } = now;
    for (const { name, desired } of versionsOf(live, deployment)) {
      if (sizes.has(name) && sizes.get(name) !== desired) resizes++;
      sizes.set(name, desired);
    }
    const next = pods.map(({ metadata }, i) => `${metadata.name} ${phases[i]}`).join();
    if (next !== picture && picture !== "") tookMs = performance.now() - began;
    picture = next;
    now = {
      fewestReady: Math.min(now.fewestReady, phases.filter((phase) => phase === "ready").length),
      mostPods: Math.max(now.mostPods, phases.filter((phase) => phase !== "stopping" && phase !== "ended").length),
      mixed: now.mixed || [...sets.values()].filter((set) => set.some((pod) => phaseOf(pod) !== "ended")).length > 1,
      resizes,
      tookMs,
    };
  };
  look();
  const stop = live.onChange(look);
  return {
    get now() {
      return now;
    },
    stop() {
      stop();
      return now;
    },
  };
}
