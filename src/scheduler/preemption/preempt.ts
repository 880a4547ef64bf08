import type { Log, Random, Yielder } from "#base";
import type { SharedCaches } from "#client";
import { POD_DISRUPTION_BUDGETS } from "#objects";
import type { Diagnosis } from "../decide.ts";
import type { PodInfo } from "../model/pod-info.ts";
import type { Plugins } from "../plugins/default-plugins.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { budgetOf } from "./budgets.ts";
import { evict, type EvictOptions } from "./evict.ts";
import type { Nominations } from "./nominations.ts";
import { searchVictims, type PreemptionResult } from "./search.ts";
import { isCandidate, selectVictims, type Candidate, type PreemptionView } from "./victims.ts";

export interface PreemptorOptions extends EvictOptions {
  readonly caches: SharedCaches;
  readonly random: Random;
  readonly log: Log;
  readonly snapshot: Snapshot;
  readonly plugins: Plugins;
  readonly nominations: Nominations;
  readonly yielder: Yielder;
}

/** Makes room for pods that fit nowhere by letting less important ones go. */
export interface Preemptor {
  /** Looks where room could be made. `tried`: whether taking pods off was tried on any node. */
  search(pod: PodInfo, diagnosis: Diagnosis): Promise<{ readonly result: PreemptionResult; readonly tried: boolean }>;
  /** Lets the victims go. Never rejects. */
  evict(pod: PodInfo, candidate: Candidate): Promise<void>;
}

export function createPreemptor(options: PreemptorOptions): Preemptor {
  const { log, random, snapshot, plugins, nominations } = options;
  const budgets = options.caches.of(POD_DISRUPTION_BUDGETS);
  const view = (): PreemptionView => ({
    snapshot,
    plugins,
    nominations,
    budgets: [...budgets.list()].flatMap((budget) => budgetOf(budget) ?? []),
  });
  return {
    async search(pod, diagnosis) {
      const search = searchVictims(pod, diagnosis, view(), random);
      let tried = false;
      let turned = false;
      for (;;) {
        const step = search.next();
        if (!step.done) {
          tried = true;
          turned = (await options.yielder()) || turned;
          continue;
        }
        const result = step.value;
        if (result.type !== "found" || !turned) return { result, tried };
        // Much may have happened since the node was looked at.
        const { node } = result.candidate;
        const again = node.node ? selectVictims(pod, node, view()) : undefined;
        if (again && isCandidate(again) && again.victims.length > 0) {
          return { result: { type: "found", candidate: again }, tried };
        }
        return { result: { type: "useless", message: "" }, tried };
      }
    },
    async evict(pod, { node, victims }) {
      const results = await Promise.allSettled(victims.map((victim) => evict(victim.pod, pod.pod, node.name, options)));
      for (const [i, result] of results.entries()) {
        if (result.status === "rejected")
          log.warn("a pod could not be preempted", { pod: victims[i]!.key, error: result.reason as unknown });
      }
    },
  };
}
