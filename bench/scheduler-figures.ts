import type { Measure } from "./figure.ts";
import { benchScheduler } from "./scheduler.ts";

const KINDS = ["plain", "spread", "anti-affinity"] as const;

/** Pods per second at 100 and 1,000 nodes: of Deployments, with spread constraints and with anti-affinity. */
export function schedulerFigures(quick: boolean): Measure[] {
  return [100, 1000].flatMap((nodes) =>
    KINDS.map((kind): Measure => {
      const { podsPerSecond } = benchScheduler({ nodes, pods: quick ? 2_000 : 10_000, kind });
      return { name: `${nodes.toLocaleString("en")} nodes, ${kind} Pods`, value: podsPerSecond, unit: "/s" };
    }),
  );
}
