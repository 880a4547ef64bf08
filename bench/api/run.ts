import { figuresOf, type Figure, type Measure } from "../figure.ts";
import { controllers } from "./controllers.ts";
import { creates } from "./creates.ts";
import { fanOut } from "./fan-out.ts";
import { reads } from "./reads.ts";
import type { Target } from "./target.ts";
import type { ApiWorkload, Scale } from "./workload.ts";

export const API_WORKLOADS: readonly ApiWorkload[] = [...creates, fanOut, ...controllers, ...reads];

/**
 * Runs a workload on all targets, turn by turn: in each round every target has its turn, in another order each
 * time, so that what else the machine does falls on all alike.
 */
export async function runOnTargets(workload: ApiWorkload, targets: readonly Target[], scale: Scale): Promise<Figure[]> {
  const measured = new Map<string, (readonly Measure[])[]>(targets.map(({ name }) => [name, []]));
  for (const target of targets) await workload.prepare?.(target);
  for (let round = 0; round < scale.rounds; round++) {
    for (let turn = 0; turn < targets.length; turn++) {
      const target = targets[(round + turn) % targets.length]!;
      measured.get(target.name)!.push(await workload.run(target, scale));
    }
  }
  return figuresOf("API", measured);
}
