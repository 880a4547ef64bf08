import { toleratesTaint, untoleratedTaint } from "#objects";
import { normalizeByMax, refusal, type FilterPlugin, type ScorePlugin } from "./plugin.ts";

const REFUSING = ["NoSchedule", "NoExecute"];
const UNTOLERATED = refusal("TaintToleration", false, "node(s) had untolerated taint(s)");

/** Taints that keep pods away which do not tolerate them. */
export const taintFilter: FilterPlugin = {
  name: "TaintToleration",
  prepare: ({ tolerations }) => ({
    filter({ taints }) {
      if (taints.length === 0) return undefined;
      return untoleratedTaint(taints, tolerations, REFUSING) ? UNTOLERATED : undefined;
    },
  }),
};

/** The fewer PreferNoSchedule taints the pod does not tolerate, the better. */
export const taintScore: ScorePlugin = {
  name: "TaintToleration",
  weight: 3,
  prepare({ tolerations }, _view, nodes) {
    if (!nodes.some(({ taints }) => taints.some(({ effect }) => effect === "PreferNoSchedule"))) return undefined;
    const relevant = tolerations.filter(({ effect }) => !effect || effect === "PreferNoSchedule");
    return {
      score: ({ taints }) =>
        taints.filter(
          (taint) => taint.effect === "PreferNoSchedule" && !relevant.some((one) => toleratesTaint(one, taint)),
        ).length,
      normalize: (scores) => normalizeByMax(scores, true),
    };
  },
};
