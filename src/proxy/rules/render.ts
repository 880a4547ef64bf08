import type { Chain, Collection, Element, Family } from "./model.ts";
import { collectionType, ruleText, verdictText, wordsOf } from "./words.ts";

/** How long an endpoint that has gone is remembered: longer than conntrack keeps an unused UDP flow (2 min). */
const GONE_SECONDS = 600;

/** Writes one table in nft's language: one command a line. */
export interface Renderer {
  /** Puts an empty table in place of whatever is there. */
  readonly replaceTable: readonly string[];
  /** Does nothing when the chain is there. */
  addChain(chain: Chain): string;
  flushChain(name: string): string;
  deleteChain(name: string): string;
  rules(chain: Chain): string[];
  addCollection(collection: Collection): string;
  deleteSet(name: string): string;
  addElement(element: Element): string;
  deleteElement(element: Element): string;
  /** An element that is forgotten by itself, {@link GONE_SECONDS} from now. */
  addRecent(element: Element): string;
}

/** Makes a {@link Renderer} for `table ip knarr` or the like. */
export function createRenderer(family: Family, table: string): Renderer {
  const words = wordsOf(family);
  const at = `${family} ${table}`;
  return {
    replaceTable: [`add table ${at}`, `delete table ${at}`, `add table ${at}`],
    addChain: ({ name, hook }) => {
      const hooked = hook ? ` { type ${hook.type} hook ${hook.hook} priority ${hook.priority} ; }` : "";
      return `add chain ${at} ${name}${hooked}`;
    },
    flushChain: (name) => `flush chain ${at} ${name}`,
    deleteChain: (name) => `delete chain ${at} ${name}`,
    rules: ({ name, rules }) => rules.map((rule) => `add rule ${at} ${name} ${ruleText(rule, words)}`),
    addCollection: (collection) =>
      `add ${kindWord(collection)} ${at} ${collection.name} { ${collectionType(collection, words)} }`,
    deleteSet: (name) => `delete set ${at} ${name}`,
    addElement: ({ of, key, verdict }) => {
      const value = verdict ? ` : ${verdictText(verdict)}` : "";
      return `add element ${at} ${of} { ${key}${value} }`;
    },
    deleteElement: ({ of, key }) => `delete element ${at} ${of} { ${key} }`,
    addRecent: ({ of, key }) => `add element ${at} ${of} { ${key} timeout ${GONE_SECONDS}s }`,
  };
}

const kindWord = ({ kind }: Collection) => (kind === "verdicts" || kind === "flows" ? "map" : "set");
