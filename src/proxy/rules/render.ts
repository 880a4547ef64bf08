import { unreachable } from "#base";
import { hostPort } from "./addresses.ts";
import type { Action, Chain, Collection, Element, Family, KeyField, Match, Rule, Verdict } from "./model.ts";

/** How long an endpoint that has gone is remembered: longer than conntrack keeps an unused UDP flow (2 min). */
const GONE_SECONDS = 600;
/** How long a flow that was moved stays so. */
const MOVED_SECONDS = 86_400;
/** Of each set that packets fill; what does not fit is not remembered. */
const MAX_REMEMBERED = 65_535;

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
    rules: ({ name, rules }) => rules.map((rule) => `add rule ${at} ${name} ${words.rule(rule)}`),
    addCollection: (collection) => `add ${kindWord(collection)} ${at} ${collection.name} { ${words.type(collection)} }`,
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

const verdictText = (verdict: Verdict) =>
  verdict.type === "goto" || verdict.type === "jump" ? `${verdict.type} ${verdict.chain}` : verdict.type;

const hex = (mark: number) => `0x${mark.toString(16).padStart(8, "0")}`;

function wordsOf(family: Family) {
  const fields: Readonly<Record<KeyField, string>> = {
    saddr: `${family} saddr`,
    daddr: `${family} daddr`,
    protocol: "meta l4proto",
    dport: "th dport",
    sport: "th sport",
  };
  const address = family === "ip" ? "ipv4_addr" : "ipv6_addr";
  const types: Readonly<Record<KeyField, string>> = {
    saddr: address,
    daddr: address,
    protocol: "inet_proto",
    dport: "inet_service",
    sport: "inet_service",
  };
  const key = (parts: readonly KeyField[]) => parts.map((part) => fields[part]).join(" . ");
  const typeOfKey = (parts: readonly KeyField[]) => parts.map((part) => types[part]).join(" . ");
  const flow = `${family} saddr . udp sport . ${family} daddr . udp dport`;
  const clientsFlow = [
    `ct original ${family} saddr`,
    "ct original proto-src",
    `ct original ${family} daddr`,
    "ct original proto-dst",
  ].join(" . ");

  const match = (one: Match): string => {
    switch (one.on) {
      case "address":
        return `${fields[one.field]}${one.not ? " !=" : ""} { ${one.within.join(", ")} }`;
      case "set":
        return `${key(one.key)} @${one.set}`;
      case "local":
        return `fib ${one.field} type local`;
      case "new":
        return "ct state new";
      case "original":
        return "ct direction original";
      case "dnat":
        return "ct status dnat";
      case "mark":
        return `meta mark and ${hex(one.mark)} != 0`;
      case "protocol":
        return `meta l4proto ${one.protocol}`;
      case "input-interface":
        return `iifname "${one.name}"`;
      default:
        return unreachable(one);
    }
  };

  const action = (one: Action): string => {
    switch (one.type) {
      case "look-up":
        return `${key(one.key)} vmap @${one.map}`;
      case "dnat":
        return `meta l4proto ${one.protocol} dnat to ${hostPort(one.to.ip, one.to.port)}`;
      case "balance": {
        const targets = one.between.map(({ ip, port }, i) => `${i} : ${ip} . ${port}`).join(", ");
        return `meta l4proto ${one.protocol} dnat ${family} addr . port to numgen random mod ${one.between.length} map { ${targets} }`;
      }
      case "choose": {
        const chains = one.chains.map((chain, i) => `${i} : goto ${chain}`).join(", ");
        return `numgen random mod ${one.chains.length} vmap { ${chains} }`;
      }
      case "remember":
        return `update @${one.set} { ${family} saddr timeout ${one.seconds}s }`;
      case "mark":
        return `meta mark set meta mark or ${hex(one.mark)}`;
      case "unmark":
        return `meta mark set meta mark xor ${hex(one.mark)}`;
      case "masquerade":
        return "masquerade fully-random";
      case "move-flow":
        // Deleted first: an update leaves the zone of a flow that was moved before as it is.
        return [
          `delete @${one.map} { ${clientsFlow} : 0 }`,
          `update @${one.map} { ${clientsFlow} timeout ${MOVED_SECONDS}s : numgen random mod 65535 offset 1 }`,
        ].join(" ");
      case "zone-of-flow":
        return `ct original zone set ${flow} map @${one.map}`;
      case "reject":
        return one.by === "reset" ? "reject with tcp reset" : "reject";
      case "drop":
      case "accept":
      case "return":
      case "goto":
      case "jump":
        return verdictText(one);
      default:
        return unreachable(one);
    }
  };

  return {
    rule: ({ matches, actions }: Rule): string => [...matches.map(match), ...actions.map(action)].join(" "),
    type: (collection: Collection): string => {
      switch (collection.kind) {
        case "verdicts":
          return `type ${typeOfKey(collection.key)} : verdict ;`;
        case "keys":
          return `type ${typeOfKey(collection.key)} ;`;
        case "recent":
          return `type ${typeOfKey(collection.key)} ; flags timeout ;`;
        case "clients":
          return `type ${address} ; flags dynamic,timeout ; size ${MAX_REMEMBERED} ;`;
        case "flows":
          return `typeof ${flow} : ct zone ; flags dynamic,timeout ; size ${MAX_REMEMBERED} ;`;
        default:
          return unreachable(collection);
      }
    },
  };
}
