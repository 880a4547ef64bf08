import { jsonText, untoleratedTaint, type LabelMatcher } from "#objects";
import { selectorId } from "../model/affinity-terms.ts";
import type { PodInfo } from "../model/pod-info.ts";
import { systemDefaultConstraints, type SpreadConstraint } from "../model/spread-constraints.ts";
import type { DomainCounts, Eligibility, PodCounter } from "../snapshot/counters.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodPredicate } from "../snapshot/pod-groups.ts";
import type { ClusterView } from "../snapshot/snapshot.ts";
import { NO_DOMAIN } from "../snapshot/topology.ts";
import { MAX_SCORE, refusal, type FilterPlugin, type ScorePlugin } from "./plugin.ts";

const NAME = "PodTopologySpread";
const NO_LABEL = refusal(NAME, false, "node(s) didn't match pod topology spread constraints (missing required label)");
const TOO_SKEWED = refusal(NAME, true, "node(s) didn't match pod topology spread constraints");
const HOSTNAME = "kubernetes.io/hostname";
const REFUSING = ["NoSchedule", "NoExecute"];

function predicateOf(namespace: string, selector: LabelMatcher): PodPredicate {
  return {
    id: `spread ${namespace} ${selectorId(selector)}`,
    namespaces: new Set([namespace]),
    selector,
    countsTerminating: false,
    matches: (other, labels) => other === namespace && selector.matches(labels),
  };
}

/** Which nodes count for a constraint: with these labels, and the ones its policies leave (upstream matchNodeInclusionPolicies). */
function eligibility(pod: PodInfo, constraint: SpreadConstraint, keys: readonly string[]): Eligibility {
  const affinity = constraint.honorAffinity ? pod.requiredNodes : undefined;
  const tolerations = constraint.honorTaints ? pod.tolerations : undefined;
  const others = keys.filter((key) => key !== constraint.topologyKey);
  const parts = [others.join(","), affinity?.id ?? "", tolerations ? jsonText(tolerations) : ""];
  return {
    id: parts.every((part) => part === "") ? "" : parts.join("\n"),
    allows({ node, labels, taints }) {
      for (const key of others) if (labels?.[key] === undefined) return false;
      if (affinity && !(node && affinity.matches(node))) return false;
      return !tolerations || taints.length === 0 || !untoleratedTaint(taints, tolerations, REFUSING);
    },
  };
}

function domainsOf(
  view: ClusterView,
  pod: PodInfo,
  constraint: SpreadConstraint,
  keys: readonly string[],
): { readonly counter: PodCounter; readonly domains: DomainCounts } {
  const counter = view.counter(predicateOf(pod.namespace, constraint.selector));
  return { counter, domains: view.domains(counter, constraint.topologyKey, eligibility(pod, constraint, keys)) };
}

/** Constraints with `whenUnsatisfiable: DoNotSchedule`. */
export const topologySpreadFilter: FilterPlugin = {
  name: NAME,
  prepare(pod, view) {
    const hard = pod.spread.filter((constraint) => constraint.hard);
    if (hard.length === 0) return undefined;
    const keys = hard.map(({ topologyKey }) => topologyKey);
    const checks = hard.map((constraint) => {
      const { domains } = domainsOf(view, pod, constraint, keys);
      const lowest = domains.size < constraint.minDomains ? 0 : domains.min;
      const self = constraint.selector.matches(pod.labels) ? 1 : 0;
      return { domains, most: constraint.maxSkew + lowest - self };
    });
    return {
      filter(node) {
        for (const { domains, most } of checks) {
          if ((domains.topology.domainOf[node.slot] ?? NO_DOMAIN) === NO_DOMAIN) return NO_LABEL;
          if (domains.around(node) > most) return TOO_SKEWED;
        }
        return undefined;
      },
    };
  },
};

/** Finds what selects the pod beside others like it: its Services and the owner that controls it. */
export type DefaultSelector = (pod: PodInfo) => LabelMatcher | undefined;

/** Constraints with `whenUnsatisfiable: ScheduleAnyway`, or the default ones for pods that have no constraints. */
export function topologySpreadScore(defaultSelector: DefaultSelector): ScorePlugin {
  return {
    name: NAME,
    weight: 2,
    prepare(pod, view, nodes) {
      const own = pod.spread.length > 0;
      const constraints = own ? pod.spread.filter(({ hard }) => !hard) : defaultsFor(pod, defaultSelector);
      if (constraints.length === 0) return undefined;
      // Default constraints put up with nodes that lack a label.
      const keys = own ? constraints.map(({ topologyKey }) => topologyKey) : [];
      const scored = nodes.map((node) => keys.every((key) => node.labels?.[key] !== undefined));
      const considered = scored.reduce((sum, one) => sum + (one ? 1 : 0), 0);
      const parts = constraints.map((constraint) => {
        const { counter, domains } = domainsOf(view, pod, constraint, keys);
        const byNode = constraint.topologyKey === HOSTNAME;
        const size = byNode ? considered : differentDomains(domains, nodes, scored);
        return { counter, domains, byNode, maxSkew: constraint.maxSkew, weight: Math.log(size + 2) };
      });
      return {
        score(node) {
          let sum = 0;
          for (const { counter, domains, byNode, maxSkew, weight } of parts) {
            if ((domains.topology.domainOf[node.slot] ?? NO_DOMAIN) === NO_DOMAIN) continue;
            sum += (byNode ? counter.on(node.slot) : domains.around(node)) * weight + (maxSkew - 1);
          }
          return Math.round(sum);
        },
        normalize: (scores) => normalize(scores, scored),
      };
    },
  };
}

function defaultsFor(pod: PodInfo, defaultSelector: DefaultSelector): readonly SpreadConstraint[] {
  const selector = defaultSelector(pod);
  return selector && !selector.empty ? systemDefaultConstraints(selector) : [];
}

function differentDomains({ topology }: DomainCounts, nodes: readonly NodeInfo[], scored: readonly boolean[]): number {
  const seen = new Set<number>();
  for (let i = 0; i < nodes.length; i++) {
    const domain = topology.domainOf[nodes[i]!.slot] ?? NO_DOMAIN;
    if (scored[i] && domain !== NO_DOMAIN) seen.add(domain);
  }
  return seen.size;
}

/** The fewer, the better; nodes that lack a label get nothing. */
function normalize(scores: number[], scored: readonly boolean[]): void {
  let min = Infinity;
  let max = 0;
  for (let i = 0; i < scores.length; i++) {
    if (!scored[i]) continue;
    if (scores[i]! < min) min = scores[i]!;
    if (scores[i]! > max) max = scores[i]!;
  }
  for (let i = 0; i < scores.length; i++) {
    if (!scored[i]) scores[i] = 0;
    else if (max === 0) scores[i] = MAX_SCORE;
    else scores[i] = Math.floor((MAX_SCORE * (max + min - scores[i]!)) / max);
  }
}
