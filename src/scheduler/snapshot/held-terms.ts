import { termCovers, type AffinityTerm, type AffinityTerms, type NamespaceLabels } from "../model/affinity-terms.ts";
import type { PodInfo } from "../model/pod-info.ts";
import { PodCounter } from "./counters.ts";

/** What a term is for the pod that holds it. */
type TermRole = "required" | "required-anti" | "preferred" | "preferred-anti";

/** A term that pods on nodes hold, and where they are. */
export interface HeldTerm {
  readonly role: TermRole;
  /** 1 for required ones. */
  readonly weight: number;
  readonly term: AffinityTerm;
  /** Pods that hold it. */
  readonly holders: PodCounter;
}

const ANY = "";

/**
 * The affinity terms of the pods on the nodes, equal ones together: for each pod the scheduler asks which of them
 * are about it. They are filed by a label that they ask for, so that only likely ones are looked at.
 */
export class HeldTerms {
  readonly #held = new Map<string, HeldTerm>();
  readonly #byLabel = new Map<string, Set<HeldTerm>>();

  add(pod: PodInfo, slot: number): void {
    each(pod.terms, (role, weight, term) => {
      const id = `${role} ${weight} ${term.id}`;
      let held = this.#held.get(id);
      if (!held) {
        held = { role, weight, term, holders: new PodCounter() };
        this.#held.set(id, held);
        const filed = filedUnder(term);
        const known = this.#byLabel.get(filed);
        if (known) known.add(held);
        else this.#byLabel.set(filed, new Set([held]));
      }
      held.holders.add(slot, 1);
    });
  }

  remove(pod: PodInfo, slot: number): void {
    each(pod.terms, (role, weight, term) => {
      const id = `${role} ${weight} ${term.id}`;
      const held = this.#held.get(id);
      if (!held) return;
      held.holders.add(slot, -1);
      if (held.holders.total > 0) return;
      this.#held.delete(id);
      const filed = filedUnder(term);
      const known = this.#byLabel.get(filed);
      if (known?.delete(held) && known.size === 0) this.#byLabel.delete(filed);
    });
  }

  /** The terms that are about the pod. */
  about({ namespace, labels }: PodInfo, of: NamespaceLabels): readonly HeldTerm[] {
    if (this.#held.size === 0) return NONE;
    const found: HeldTerm[] = [];
    const consider = (filed: string) => {
      const held = this.#byLabel.get(filed);
      if (held) for (const one of held) if (termCovers(one.term, namespace, labels, of)) found.push(one);
    };
    for (const key in labels) consider(`${key}=${labels[key]}`);
    consider(ANY);
    return found;
  }

  /** All counters, to tell them about nodes. */
  *counters(): Iterable<PodCounter> {
    for (const { holders } of this.#held.values()) yield holders;
  }
}

const NONE: readonly HeldTerm[] = [];

function each(
  { required, requiredAnti, preferred, preferredAnti }: AffinityTerms,
  visit: (role: TermRole, weight: number, term: AffinityTerm) => void,
): void {
  for (const term of required) visit("required", 1, term);
  for (const term of requiredAnti) visit("required-anti", 1, term);
  for (const { weight, term } of preferred) visit("preferred", weight, term);
  for (const { weight, term } of preferredAnti) visit("preferred-anti", weight, term);
}

function filedUnder({ selector }: AffinityTerm): string {
  for (const { key } of selector.requirements) {
    const value = selector.exactValue(key);
    if (value !== undefined) return `${key}=${value}`;
  }
  return ANY;
}
