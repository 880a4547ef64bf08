import { termCovers, type AffinityTerm } from "../model/affinity-terms.ts";
import type { PodInfo } from "../model/pod-info.ts";
import { EVERY_NODE, type DomainCounts } from "../snapshot/counters.ts";
import type { PodPredicate } from "../snapshot/pod-groups.ts";
import type { ClusterView } from "../snapshot/snapshot.ts";
import { NO_DOMAIN } from "../snapshot/topology.ts";
import { MAX_SCORE, refusal, type FilterPlugin, type ScorePlugin } from "./plugin.ts";

const NAME = "InterPodAffinity";
const AFFINITY = refusal(NAME, false, "node(s) didn't match pod affinity rules");
const ANTI_AFFINITY = refusal(NAME, true, "node(s) didn't match pod anti-affinity rules");
const EXISTING = refusal(NAME, true, "node(s) didn't satisfy existing pods anti-affinity rules");

/** Counts the pods that all of the terms are about. */
function predicateOf(terms: readonly AffinityTerm[]): PodPredicate {
  const first = terms[0]!;
  return {
    id: `affinity ${terms.map(({ id }) => id).join(" ")}`,
    namespaces: terms.some(({ namespaceSelector }) => namespaceSelector) ? undefined : first.namespaces,
    selector: first.selector,
    countsTerminating: true,
    matches: (namespace, labels, of) => terms.every((term) => termCovers(term, namespace, labels, of)),
  };
}

/** How many pods that all of `terms` are about are in each domain of `topologyKey`. */
function around(view: ClusterView, terms: readonly AffinityTerm[], topologyKey: string): DomainCounts {
  return view.domains(view.counter(predicateOf(terms)), topologyKey, EVERY_NODE);
}

function isAbout(terms: readonly AffinityTerm[], { namespace, labels }: PodInfo, view: ClusterView): boolean {
  return terms.every((term) => termCovers(term, namespace, labels, view.namespaceLabels));
}

/** Required affinity and anti-affinity: the pod's own, and anti-affinity of pods on the nodes to it. */
export const interPodAffinityFilter: FilterPlugin = {
  name: NAME,
  prepare(pod, view) {
    const { required, requiredAnti } = pod.terms;
    const refusing = view.termsAbout(pod).filter(({ role }) => role === "required-anti");
    if (required.length + requiredAnti.length + refusing.length === 0) return undefined;

    const existing = refusing.map(({ holders, term }) => view.domains(holders, term.topologyKey, EVERY_NODE));
    const anti = requiredAnti.map((term) => around(view, [term], term.topologyKey));
    const wanted = required.map((term) => around(view, required, term.topologyKey));
    // The first of pods that want to be together would wait for ever: it may go anywhere where the labels are.
    const first = wanted.every(({ sum }) => sum === 0) && isAbout(required, pod, view);
    return {
      filter(node) {
        for (const domains of wanted) {
          if ((domains.topology.domainOf[node.slot] ?? NO_DOMAIN) === NO_DOMAIN) return AFFINITY;
        }
        if (!first) for (const domains of wanted) if (domains.around(node) === 0) return AFFINITY;
        for (const domains of anti) if (domains.around(node) > 0) return ANTI_AFFINITY;
        for (const domains of existing) if (domains.around(node) > 0) return EXISTING;
        return undefined;
      },
    };
  },
};

/** What required affinity of pods on the nodes to this pod weighs (upstream's default hardPodAffinityWeight). */
const HARD_WEIGHT = 1;

/** Preferred affinity and anti-affinity, in both directions, and required affinity of pods on the nodes to this one. */
export const interPodAffinityScore: ScorePlugin = {
  name: NAME,
  weight: 2,
  prepare(pod, view) {
    const { preferred, preferredAnti } = pod.terms;
    const parts: { readonly weight: number; readonly domains: DomainCounts }[] = [];
    const own = (term: AffinityTerm, weight: number) =>
      parts.push({ weight, domains: around(view, [term], term.topologyKey) });
    for (const { term, weight } of preferred) own(term, weight);
    for (const { term, weight } of preferredAnti) own(term, -weight);
    for (const { role, weight, term, holders } of view.termsAbout(pod)) {
      if (role === "required-anti") continue;
      const signed = role === "required" ? HARD_WEIGHT : role === "preferred" ? weight : -weight;
      parts.push({ weight: signed, domains: view.domains(holders, term.topologyKey, EVERY_NODE) });
    }
    if (parts.length === 0) return undefined;
    return {
      score(node) {
        let sum = 0;
        for (const { weight, domains } of parts) sum += weight * domains.around(node);
        return sum;
      },
      normalize(scores) {
        let min = Infinity;
        let max = -Infinity;
        for (const score of scores) {
          if (score < min) min = score;
          if (score > max) max = score;
        }
        const span = max - min;
        for (let i = 0; i < scores.length; i++) {
          scores[i] = span > 0 ? Math.floor((MAX_SCORE * (scores[i]! - min)) / span) : 0;
        }
      },
    };
  },
};
