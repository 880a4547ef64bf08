import { assert } from "#base";
import { ChangeLog } from "./change-log.ts";
import { ElementClaims } from "./element-claims.ts";
import { GoneEndpoints } from "./gone-endpoints.ts";
import type { Chain, Collection, Element, Family, Fragment, Ruleset } from "./model.ts";
import { NO_FRAGMENT } from "./model.ts";
import { createRenderer, type Renderer } from "./render.ts";
import { GONE, UDP_ENDPOINTS } from "./tables.ts";

/**
 * A table that is being changed: who has put what in it, and what of that nft has yet to be told. Cost of a change:
 * what it changes. Several may claim one element (two Services with one external address, a Service that takes over
 * an address in the moment that another gives it up): the first owner in the order of their names has it.
 */
export class TableState {
  readonly #nft: Renderer;
  /** What is there before any owner has put something in it. */
  readonly #base: Fragment;
  readonly #owned = new Map<string, Fragment>();
  readonly #elements = new ElementClaims();
  readonly #chains = new ChangeLog<Chain>();
  readonly #sets = new ChangeLog<Collection>();
  /** Chains that are empty, and that nothing leads to. */
  readonly #stale = new Set<string>();
  /** Undefined where flows of UDP clients cannot be moved. */
  readonly #gone: GoneEndpoints | undefined;

  /** A table that has nothing but its base yet. */
  constructor(family: Family, table: string, base: Fragment) {
    this.#nft = createRenderer(family, table);
    this.#base = base;
    this.#gone = base.sets.some(({ name }) => name === GONE) ? new GoneEndpoints() : undefined;
  }

  /** From now on this is what the table has on account of the owner. */
  put(owner: string, fragment: Fragment | undefined): void {
    const before = this.#owned.get(owner) ?? NO_FRAGMENT;
    const after = fragment ?? NO_FRAGMENT;
    if (before === after) return;
    if (fragment) this.#owned.set(owner, fragment);
    else this.#owned.delete(owner);
    this.#elements.replace(owner, before.elements, after.elements);
    this.#chains.note(before.chains, after.chains);
    this.#sets.note(before.sets, after.sets);
  }

  /** The commands that bring nft from what it was last told to what is now: one transaction. Empty: nothing to do. */
  takeChanges(): string {
    const chains = this.#chainChanges();
    const sets = this.#setChanges();
    const elements = this.#elementChanges();
    // What is referred to is made before, and what is removed is no longer referred to.
    return text([
      ...chains.made,
      ...sets.made,
      ...elements.removed,
      ...chains.flushed,
      ...chains.rules,
      ...sets.removed,
      ...elements.made,
    ]);
  }

  /** The commands that put all of it in place of whatever is there: one transaction. */
  takeAll(): string {
    const nft = this.#nft;
    this.#forgetChanges();
    const parts = [this.#base, ...this.#owned.values()];
    const chains = parts.flatMap((part) => part.chains);
    return text([
      ...nft.replaceTable,
      ...parts.flatMap((part) => part.sets.map(nft.addCollection)),
      ...chains.map(nft.addChain),
      ...chains.flatMap(nft.rules),
      ...this.#elements.held().flatMap((element) => (element.of === UDP_ENDPOINTS ? [] : [nft.addElement(element)])),
      ...[...(this.#gone?.keys() ?? [])].map((key) => nft.addRecent({ of: GONE, key })),
    ]);
  }

  /**
   * Chains that are empty and lead from nowhere. Kernels before 6.2 notice only a while after a transaction that
   * nothing refers to a chain any more: this is to be carried out later, by itself, and may fail.
   */
  takeStale(): string {
    const names = [...this.#stale];
    this.#stale.clear();
    return text(names.map(this.#nft.deleteChain));
  }

  /** How many chains {@link takeStale} would remove. */
  get stale(): number {
    return this.#stale.size;
  }

  /** The names of all sets that packets put clients in. */
  clientSets(): ReadonlySet<string> {
    return new Set([...this.#owned.values()].flatMap((part) => part.sets.map(({ name }) => name)));
  }

  /** By telling everything they are told too. */
  #forgetChanges(): void {
    // Which endpoints have gone is not to be lost with them.
    this.#elementChanges();
    this.#chains.take();
    this.#sets.take();
    this.#stale.clear();
  }

  #chainChanges() {
    const nft = this.#nft;
    const made: string[] = [];
    const flushed: string[] = [];
    const rules: string[] = [];
    for (const [before, after] of this.#chains.take()) {
      if (after === undefined) {
        flushed.push(nft.flushChain(before.name));
        this.#stale.add(before.name);
        continue;
      }
      const lines = nft.rules(after);
      if (before && nft.rules(before).join("\n") === lines.join("\n")) continue;
      made.push(nft.addChain(after));
      if (before) flushed.push(nft.flushChain(after.name));
      this.#stale.delete(after.name);
      rules.push(...lines);
    }
    return { made, flushed, rules };
  }

  #setChanges() {
    const made: string[] = [];
    const removed: string[] = [];
    for (const [before, after] of this.#sets.take()) {
      if (after === undefined) removed.push(this.#nft.deleteSet(before.name));
      else if (before === undefined) made.push(this.#nft.addCollection(after));
    }
    return { made, removed };
  }

  #elementChanges() {
    const made: string[] = [];
    const removed: string[] = [];
    for (const { before, after } of this.#elements.takeChanges()) {
      const either = after ?? before;
      if (either?.of === UDP_ENDPOINTS) {
        made.push(...this.#endpointChange(either, after !== undefined));
        continue;
      }
      if (before) removed.push(this.#nft.deleteElement(before));
      if (after) made.push(this.#nft.addElement(after));
    }
    return { made, removed };
  }

  /** An endpoint that serves is not in the table itself; one that has gone is, among those that have gone. */
  #endpointChange({ key }: Element, serves: boolean): string[] {
    const entry = { of: GONE, key };
    if (!this.#gone) return [];
    if (!serves) {
      this.#gone.add(key);
      return [this.#nft.addRecent(entry)];
    }
    // The kernel may have forgotten it meanwhile: only what is there can be deleted.
    return this.#gone.remove(key) ? [this.#nft.addRecent(entry), this.#nft.deleteElement(entry)] : [];
  }
}

const text = (lines: readonly string[]): string => (lines.length > 0 ? `${lines.join("\n")}\n` : "");

/** The transaction that makes of one table the other: what the two share costs nothing but the look at it. */
export function changes(before: Ruleset, after: Ruleset): string {
  assert(before.family === after.family && before.table === after.table, "these are two different tables");
  const state = stateOf(before);
  state.takeAll();
  for (const owner of before.fragments.keys()) if (!after.fragments.has(owner)) state.put(owner, undefined);
  for (const [owner, fragment] of after.fragments) state.put(owner, fragment);
  return state.takeChanges();
}

/** All of a table, in place of whatever is there. */
export const renderAll = (ruleset: Ruleset): string => stateOf(ruleset).takeAll();

function stateOf({ family, table, base, fragments }: Ruleset): TableState {
  const state = new TableState(family, table, base);
  for (const [owner, fragment] of fragments) state.put(owner, fragment);
  return state;
}
