import {
  jsonText,
  compileLabelSelector,
  NOTHING,
  selectorOf,
  type LabelMatcher,
  type Pod,
  type PodAffinityTerm,
  type Requirement,
  type WeightedPodAffinityTerm,
} from "#objects";

export type Labels = Readonly<Record<string, string>> | undefined;
/** The labels of a namespace. */
export type NamespaceLabels = (namespace: string) => Labels;

/** A term of pod affinity or anti-affinity: which pods it is about, and in what kind of place. */
export interface AffinityTerm {
  /** Equal for terms that mean the same. */
  readonly id: string;
  readonly namespaces: ReadonlySet<string>;
  /** Further namespaces, by their labels. */
  readonly namespaceSelector: LabelMatcher | undefined;
  readonly selector: LabelMatcher;
  readonly topologyKey: string;
}

interface WeightedTerm {
  readonly weight: number;
  readonly term: AffinityTerm;
}

/** All terms of a pod. */
export interface AffinityTerms {
  readonly required: readonly AffinityTerm[];
  readonly requiredAnti: readonly AffinityTerm[];
  readonly preferred: readonly WeightedTerm[];
  readonly preferredAnti: readonly WeightedTerm[];
}

const NO_TERMS: AffinityTerms = { required: [], requiredAnti: [], preferred: [], preferredAnti: [] };

/** Compiles the terms of a pod. */
export function affinityTerms(pod: Pod): AffinityTerms {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return NO_TERMS;
  const plain = (terms: readonly PodAffinityTerm[] = []) => terms.map((term) => compileTerm(pod, term));
  const weighted = (terms: readonly WeightedPodAffinityTerm[] = []) =>
    terms.map(({ weight, podAffinityTerm }) => ({ weight, term: compileTerm(pod, podAffinityTerm) }));
  return {
    required: plain(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAnti: plain(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: weighted(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAnti: weighted(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  };
}

/** Whether a pod with these labels in this namespace is one of those that the term is about. */
export function termCovers(term: AffinityTerm, namespace: string, labels: Labels, of: NamespaceLabels): boolean {
  const inNamespace = term.namespaces.has(namespace) || (term.namespaceSelector?.matches(of(namespace) ?? {}) ?? false);
  return inNamespace && term.selector.matches(labels);
}

function compileTerm(pod: Pod, term: PodAffinityTerm): AffinityTerm {
  const own = !term.namespaces?.length && !term.namespaceSelector;
  const namespaces = new Set(own ? [pod.metadata.namespace ?? ""] : term.namespaces);
  const namespaceSelector = term.namespaceSelector && compileLabelSelector(term.namespaceSelector);
  const selector = withLabelKeys(compileSelector(term.labelSelector), pod, term.matchLabelKeys, term.mismatchLabelKeys);
  return {
    id: jsonText([
      [...namespaces].toSorted(),
      namespaceSelector ? namespaceSelector.toString() : null,
      selectorId(selector),
      term.topologyKey,
    ]),
    namespaces,
    namespaceSelector,
    selector,
    topologyKey: term.topologyKey,
  };
}

const compileSelector = (selector: PodAffinityTerm["labelSelector"]) =>
  selector ? compileLabelSelector(selector) : NOTHING;

/** The text of a selector; unlike its toString, it tells nothing and everything apart. */
export function selectorId(selector: LabelMatcher): string {
  return selector === NOTHING ? "<nothing>" : selector.toString();
}

/**
 * The selector narrowed to the values that the pod itself has for these labels. The API server merges them into
 * the selector when the pod is made; doing it twice changes nothing.
 */
export function withLabelKeys(
  selector: LabelMatcher,
  { metadata: { labels } }: Pod,
  match: readonly string[] = [],
  mismatch: readonly string[] = [],
): LabelMatcher {
  if (selector === NOTHING || match.length + mismatch.length === 0) return selector;
  const more: Requirement[] = [];
  const add = (keys: readonly string[], operator: "in" | "notin") => {
    for (const key of keys) {
      const value = labels?.[key];
      if (value !== undefined) more.push({ key, operator, values: [value] });
    }
  };
  add(match, "in");
  add(mismatch, "notin");
  return more.length === 0 ? selector : selectorOf([...selector.requirements, ...more]);
}
