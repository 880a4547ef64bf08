import type { Random } from "#base";
import { podCondition, type Pod } from "#objects";
import type { Diagnosis } from "../decide.ts";
import { describeRefusal } from "../diagnosis.ts";
import type { PodInfo } from "../model/pod-info.ts";
import type { Refusal } from "../plugins/plugin.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { isCandidate, leastHarm, NO_VICTIMS, selectVictims, type Candidate, type PreemptionView } from "./victims.ts";

/** What came of looking for room. `message` goes into the text of why the pod waits. */
export type PreemptionResult =
  | { readonly type: "found"; readonly candidate: Candidate }
  /** It may not, or waits already for victims to leave: a promise that it has stands. */
  | { readonly type: "not-eligible"; readonly message: string }
  /** No eviction would help: a nomination that it has is void. */
  | { readonly type: "useless"; readonly message: string };

const NOT_HELPFUL: Refusal = {
  plugin: "DefaultPreemption",
  reasons: ["Preemption is not helpful for scheduling"],
  resolvable: false,
};

/** Why the pod may not drive out others (upstream PodEligibleToPreemptOthers). */
function whyNotEligible(pod: PodInfo, diagnosis: Diagnosis, snapshot: Snapshot): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
  const promised = pod.pod.status?.nominatedNodeName;
  const node = promised ? snapshot.node(promised) : undefined;
  if (!node || diagnosis.refusals.get(node)?.resolvable === false) return undefined;
  for (const one of node.pods.values()) {
    if (one.priority < pod.priority && isMakingRoom(one.pod)) {
      return "not eligible due to a terminating pod on the nominated node.";
    }
  }
  return undefined;
}

function isMakingRoom(pod: Pod): boolean {
  const target = podCondition(pod, "DisruptionTarget");
  return (
    pod.metadata.deletionTimestamp !== undefined &&
    target?.status === "True" &&
    target.reason === "PreemptionByScheduler"
  );
}

const MIN_CANDIDATES = 100;
const MIN_PERCENT = 10;

/**
 * Looks for the node where the least harm makes room for a pod that was refused. A generator, since it can take
 * long: it yields after each node that it has tried, with everything as it was, and the caller decides
 * when to go on.
 */
export function* searchVictims(
  pod: PodInfo,
  diagnosis: Diagnosis,
  view: PreemptionView,
  random: Random,
): Generator<undefined, PreemptionResult> {
  const why = whyNotEligible(pod, diagnosis, view.snapshot);
  if (why !== undefined) return { type: "not-eligible", message: `preemption: ${why}` };
  const potential: NodeInfo[] = [];
  const refusals = new Map<NodeInfo, Refusal>();
  for (const [node, { resolvable }] of diagnosis.refusals) {
    if (!resolvable) continue;
    if (node.hasBelow(pod.priority)) potential.push(node);
    else refusals.set(node, NO_VICTIMS);
  }
  const enough = Math.max(MIN_CANDIDATES, Math.floor((potential.length * MIN_PERCENT) / 100));
  const offset = potential.length > 0 ? random.int(potential.length) : 0;
  const candidates: Candidate[] = [];
  for (let i = 0; i < potential.length; i++) {
    const node = potential[(offset + i) % potential.length]!;
    const result = node.node ? selectVictims(pod, node, view) : NOT_HELPFUL;
    if (isCandidate(result)) candidates.push(result);
    else refusals.set(node, result);
    if (candidates.length >= enough && candidates.some(({ violations }) => violations === 0)) break;
    yield undefined;
  }
  const candidate = leastHarm(candidates);
  if (candidate) return { type: "found", candidate };
  const useless: Diagnosis = { nodes: diagnosis.nodes, refusals, absent: NOT_HELPFUL, plugins: new Set() };
  return { type: "useless", message: `preemption: ${describeRefusal(useless)}` };
}
