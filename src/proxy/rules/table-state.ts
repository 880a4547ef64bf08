import { assert } from "#base";
import type { Chain, Collection, Element, Family, Fragment, Ruleset } from "./model.ts";
import { NO_FRAGMENT } from "./model.ts";
import { createRenderer } from "./render.ts";
import { GONE, UDP_ENDPOINTS } from "./tables.ts";

/** How many endpoints that have gone a full table tells of. */
const MAX_GONE = 1000;

/**
 * A table that is being changed: who has put what in it, and what of that nft has yet to be told. Cost of a change:
 * what it changes. Several may claim one element (two Services with one external address, a Service that takes over
 * an address in the moment that another gives it up): the first owner in the order of their names has it.
 */
export interface TableState {
  /** From now on this is what the table has on account of the owner. */
  put(owner: string, fragment: Fragment | undefined): void;
  /** The commands that bring nft from what it was last told to what is now: one transaction. Empty: nothing to do. */
  takeChanges(): string;
  /** The commands that put all of it in place of whatever is there: one transaction. */
  takeAll(): string;
  /**
   * Chains that are empty and lead from nowhere. Kernels before 6.2 notice only a while after a transaction that
   * nothing refers to a chain any more: this is to be carried out later, by itself, and may fail.
   */
  takeStale(): string;
  /** How many chains {@link takeStale} would remove. */
  readonly stale: number;
  /** The names of all sets that packets put clients in. */
  clientSets(): ReadonlySet<string>;
}

/** Makes a {@link TableState} of a table that has nothing but its base yet. */
export function createTableState(family: Family, table: string, base: Fragment): TableState {
  const nft = createRenderer(family, table);
  const movesFlows = base.sets.some(({ name }) => name === GONE);
  const owned = new Map<string, Fragment>();
  /** By element: its owners' versions of it. Nearly always one. */
  const claims = new Map<string, Map<string, Element>>();
  /** Elements that were claimed or given up since, and what nft has of them. */
  const touched = new Map<string, Element | undefined>();
  /** Chains and sets whose owners changed them since, as nft has them. */
  const chains = changeLog<Chain>();
  const sets = changeLog<Collection>();
  const stale = new Set<string>();
  const gone = new Set<string>();

  const claim = (owner: string, element: Element, claimed: boolean) => {
    const id = `${element.of} ${element.key}`;
    const claimants = claims.get(id) ?? new Map<string, Element>();
    if (!touched.has(id)) touched.set(id, holder(claimants));
    if (claimed) claimants.set(owner, element);
    else claimants.delete(owner);
    if (claimants.size > 0) claims.set(id, claimants);
    else claims.delete(id);
  };

  const writeGone = (element: Element, isGone: boolean): string[] => {
    if (!movesFlows) return [];
    const entry = { of: GONE, key: element.key };
    if (isGone) {
      gone.add(element.key);
      for (const oldest of gone) {
        if (gone.size <= MAX_GONE) break;
        gone.delete(oldest);
      }
      return [nft.addRecent(entry)];
    }
    // It may have been forgotten meanwhile: only what is there can be deleted.
    return gone.delete(element.key) ? [nft.addRecent(entry), nft.deleteElement(entry)] : [];
  };

  const elementChanges = () => {
    const deletes: string[] = [];
    const adds: string[] = [];
    for (const [id, before] of touched) {
      const after = holder(claims.get(id));
      if (sameElement(before, after)) continue;
      if (before?.of === UDP_ENDPOINTS || after?.of === UDP_ENDPOINTS) {
        adds.push(...writeGone((after ?? before)!, after === undefined));
        continue;
      }
      if (before) deletes.push(nft.deleteElement(before));
      if (after) adds.push(nft.addElement(after));
    }
    touched.clear();
    return { deletes, adds };
  };

  return {
    put(owner, fragment) {
      const before = owned.get(owner) ?? NO_FRAGMENT;
      const after = fragment ?? NO_FRAGMENT;
      if (before === after) return;
      if (fragment) owned.set(owner, fragment);
      else owned.delete(owner);
      const kept = new Map(before.elements.map((element) => [`${element.of} ${element.key}`, element]));
      for (const element of after.elements) {
        const id = `${element.of} ${element.key}`;
        if (!sameElement(kept.get(id), element)) claim(owner, element, true);
        kept.delete(id);
      }
      for (const element of kept.values()) claim(owner, element, false);
      chains.note(before.chains, after.chains);
      sets.note(before.sets, after.sets);
    },
    takeChanges() {
      const added: string[] = [];
      const flushed: string[] = [];
      const rules: string[] = [];
      const dropped: string[] = [];
      for (const [before, after] of chains.take()) {
        if (after === undefined) {
          flushed.push(nft.flushChain(before.name));
          stale.add(before.name);
          continue;
        }
        const lines = nft.rules(after);
        if (before && nft.rules(before).join("\n") === lines.join("\n")) continue;
        added.push(nft.addChain(after));
        if (before) flushed.push(nft.flushChain(after.name));
        stale.delete(after.name);
        rules.push(...lines);
      }
      for (const [before, after] of sets.take()) {
        if (after === undefined) dropped.push(nft.deleteSet(before.name));
        else if (before === undefined) added.push(nft.addCollection(after));
      }
      const { deletes, adds } = elementChanges();
      return text([...added, ...deletes, ...flushed, ...rules, ...dropped, ...adds]);
    },
    takeAll() {
      // What was noted as changed is told by telling everything.
      elementChanges();
      chains.take();
      sets.take();
      stale.clear();
      const parts = [base, ...owned.values()];
      const all = parts.flatMap((part) => part.chains);
      const elements = [...claims.values()].flatMap((claimants) => {
        const element = holder(claimants);
        return element && element.of !== UDP_ENDPOINTS ? [nft.addElement(element)] : [];
      });
      return text([
        ...nft.replaceTable,
        ...parts.flatMap((part) => part.sets.map(nft.addCollection)),
        ...all.map(nft.addChain),
        ...all.flatMap(nft.rules),
        ...elements,
        ...[...gone].map((key) => nft.addRecent({ of: GONE, key })),
      ]);
    },
    takeStale() {
      const names = [...stale];
      stale.clear();
      return text(names.map(nft.deleteChain));
    },
    get stale() {
      return stale.size;
    },
    clientSets: () => new Set([...owned.values()].flatMap((part) => part.sets.map(({ name }) => name))),
  };
}

const text = (lines: readonly string[]): string => (lines.length > 0 ? `${lines.join("\n")}\n` : "");

function holder(claimants: ReadonlyMap<string, Element> | undefined): Element | undefined {
  if (!claimants) return undefined;
  let first: string | undefined;
  for (const owner of claimants.keys()) if (first === undefined || owner < first) first = owner;
  return first === undefined ? undefined : claimants.get(first);
}

function sameElement(a: Element | undefined, b: Element | undefined): boolean {
  if (!a || !b) return a === b;
  const verdicts = [a.verdict, b.verdict].map((verdict) => JSON.stringify(verdict ?? null));
  return a.of === b.of && a.key === b.key && verdicts[0] === verdicts[1];
}

type NamedChange<T> = readonly [before: T, after: undefined] | readonly [before: T | undefined, after: T];

/** Named things with one owner each: what has become of them since they were last taken. */
function changeLog<T extends { readonly name: string }>() {
  const before = new Map<string, T | undefined>();
  const now = new Map<string, T | undefined>();
  return {
    note(old: readonly T[], fresh: readonly T[]) {
      const gone = new Map(old.map((thing) => [thing.name, thing]));
      for (const thing of fresh) {
        if (!before.has(thing.name)) before.set(thing.name, gone.get(thing.name));
        now.set(thing.name, thing);
        gone.delete(thing.name);
      }
      for (const thing of gone.values()) {
        if (!before.has(thing.name)) before.set(thing.name, thing);
        now.set(thing.name, undefined);
      }
    },
    take(): NamedChange<T>[] {
      const changes = [...now].flatMap(([name, after]): NamedChange<T>[] => {
        const was = before.get(name);
        if (after) return [[was, after]];
        return was ? [[was, undefined]] : [];
      });
      before.clear();
      now.clear();
      return changes;
    },
  };
}

/** The transaction that makes of one table the other: what the two share costs nothing but the look at it. */
export function changes(before: Ruleset, after: Ruleset): string {
  assert(before.family === after.family && before.table === after.table, "these are two different tables");
  const state = createTableState(before.family, before.table, before.base);
  for (const [owner, fragment] of before.fragments) state.put(owner, fragment);
  state.takeAll();
  for (const owner of before.fragments.keys()) if (!after.fragments.has(owner)) state.put(owner, undefined);
  for (const [owner, fragment] of after.fragments) state.put(owner, fragment);
  return state.takeChanges();
}

/** All of a table, in place of whatever is there. */
export function renderAll({ family, table, base, fragments }: Ruleset): string {
  const state = createTableState(family, table, base);
  for (const [owner, fragment] of fragments) state.put(owner, fragment);
  return state.takeAll();
}
