import { Memo } from "#objects";
import type { Requests } from "../model/resources.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { MAX_SCORE, type FilterPlugin, type Refusal, type ScorePlugin } from "./plugin.ts";

const PLUGIN = "NodeResourcesFit";

/** Refusals by what is lacking: few different ones ever occur. */
const refusals = new Memo<Refusal>(1000, 1 << 18);

function lacking(reasons: readonly string[], resolvable: boolean): Refusal {
  const id = `${resolvable} ${reasons.join("\n")}`;
  let known = refusals.get(id);
  if (!known) {
    known = { plugin: PLUGIN, reasons, resolvable };
    refusals.set(id, known);
  }
  return known;
}

/** What the node lacks for the requests; undefined: they fit (upstream noderesources fitsRequest). */
function whatLacks(requests: Requests, node: NodeInfo): Refusal | undefined {
  const { allocatable } = node;
  const { cpu, memory, ephemeral, scalars } = requests;
  // The ordinary case first, without building anything.
  const roomy =
    node.pods.size < allocatable.pods &&
    (cpu === 0 || cpu <= allocatable.cpu - node.cpu) &&
    (memory === 0 || memory <= allocatable.memory - node.memory) &&
    (ephemeral === 0 || ephemeral <= allocatable.ephemeral - node.ephemeral);
  if (roomy && scalars.length === 0) return undefined;

  const reasons: string[] = [];
  let resolvable = true;
  if (node.pods.size + 1 > allocatable.pods) reasons.push("Too many pods");
  const need = (name: string, asked: number, has: number, used: number) => {
    if (asked === 0 || asked <= has - used) return;
    reasons.push(`Insufficient ${name}`);
    if (asked > has) resolvable = false;
  };
  need("cpu", cpu, allocatable.cpu, node.cpu);
  need("memory", memory, allocatable.memory, node.memory);
  need("ephemeral-storage", ephemeral, allocatable.ephemeral, node.ephemeral);
  for (const [name, amount] of scalars) {
    need(name, amount, allocatable.scalars.get(name) ?? 0, node.scalars.get(name) ?? 0);
  }
  return reasons.length === 0 ? undefined : lacking(reasons, resolvable);
}

/** The pod's requests must fit into what the node has left. */
export const resourcesFit: FilterPlugin = {
  name: PLUGIN,
  prepare: ({ requests }) => ({ filter: (node) => whatLacks(requests, node) }),
};

const leastAllocatedPart = (used: number, has: number) =>
  used > has ? 0 : Math.floor(((has - used) * MAX_SCORE) / has);

/** The emptier the node would be, the better: cpu and memory alike (strategy LeastAllocated). */
export const leastAllocated: ScorePlugin = {
  name: PLUGIN,
  weight: 1,
  prepare: ({ scored }) => ({
    score({ allocatable, scoredCpu, scoredMemory }) {
      let sum = 0;
      let parts = 0;
      if (allocatable.cpu > 0) {
        sum += leastAllocatedPart(scoredCpu + scored.cpu, allocatable.cpu);
        parts++;
      }
      if (allocatable.memory > 0) {
        sum += leastAllocatedPart(scoredMemory + scored.memory, allocatable.memory);
        parts++;
      }
      return parts === 0 ? 0 : Math.floor(sum / parts);
    },
  }),
};

/** The nearer the shares of cpu and memory in use, the better. Pods that ask for nothing do not care. */
export const balancedAllocation: ScorePlugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  prepare({ requests }) {
    if (requests.cpu === 0 && requests.memory === 0) return undefined;
    return {
      score({ allocatable, cpu, memory }) {
        if (allocatable.cpu === 0 || allocatable.memory === 0) return MAX_SCORE;
        const cpuShare = Math.min(1, (cpu + requests.cpu) / allocatable.cpu);
        const memoryShare = Math.min(1, (memory + requests.memory) / allocatable.memory);
        return Math.floor((1 - Math.abs(cpuShare - memoryShare) / 2) * MAX_SCORE);
      },
    };
  },
};
