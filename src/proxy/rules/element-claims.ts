import type { Element } from "./model.ts";

export interface ElementChange {
  /** As nft has it. */
  readonly before: Element | undefined;
  readonly after: Element | undefined;
}

/**
 * Who claims which element of a table's maps and sets. Several owners may claim one: of these, the first in the order of
 * their names has it.
 */
export class ElementClaims {
  /** By element: its owners' versions of it. Nearly always one. */
  readonly #claims = new Map<string, Map<string, Element>>();
  /** Elements that were claimed or given up since changes were last taken, and what nft has of them. */
  readonly #touched = new Map<string, Element | undefined>();

  /** The owner, who claimed the elements `old`, claims `fresh` ones instead. */
  replace(owner: string, old: readonly Element[], fresh: readonly Element[]): void {
    const givenUp = new Map(old.map((element) => [idOf(element), element]));
    for (const element of fresh) {
      const id = idOf(element);
      if (!sameElement(givenUp.get(id), element)) this.#set(id, owner, element);
      givenUp.delete(id);
    }
    for (const id of givenUp.keys()) this.#set(id, owner, undefined);
  }

  /** The elements that are another's or otherwise since changes were last taken. */
  takeChanges(): ElementChange[] {
    const changes: ElementChange[] = [];
    for (const [id, before] of this.#touched) {
      const after = holder(this.#claims.get(id));
      if (!sameElement(before, after)) changes.push({ before, after });
    }
    this.#touched.clear();
    return changes;
  }

  /** All elements, each as the owner that has it claims it. */
  held(): Element[] {
    return [...this.#claims.values()].flatMap((claimants) => holder(claimants) ?? []);
  }

  #set(id: string, owner: string, element: Element | undefined): void {
    const claimants = this.#claims.get(id) ?? new Map<string, Element>();
    if (!this.#touched.has(id)) this.#touched.set(id, holder(claimants));
    if (element) claimants.set(owner, element);
    else claimants.delete(owner);
    if (claimants.size > 0) this.#claims.set(id, claimants);
    else this.#claims.delete(id);
  }
}

const idOf = ({ of, key }: Element): string => `${of} ${key}`;

function holder(claimants: ReadonlyMap<string, Element> | undefined): Element | undefined {
  let first: string | undefined;
  for (const owner of claimants?.keys() ?? []) if (first === undefined || owner < first) first = owner;
  return first === undefined ? undefined : claimants?.get(first);
}

function sameElement(a: Element | undefined, b: Element | undefined): boolean {
  if (!a || !b) return a === b;
  const verdicts = [a.verdict, b.verdict].map((verdict) => JSON.stringify(verdict ?? null));
  return a.of === b.of && a.key === b.key && verdicts[0] === verdicts[1];
}
