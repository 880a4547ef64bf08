import { unreachable } from "#base";
import { hostPort } from "./addresses.ts";
import type { Action, Collection, Family, KeyField, Match, Rule, Verdict } from "./model.ts";

/** How long a flow that was moved stays so. */
const MOVED_SECONDS = 86_400;
/** Of each set that packets fill; what does not fit is not remembered. */
const MAX_REMEMBERED = 65_535;

/** What nft's language calls things in tables of one address family. */
export interface Words {
  readonly family: Family;
  /** The type of an address. */
  readonly address: string;
  /** How a rule reads a field of a packet. */
  readonly fields: Readonly<Record<KeyField, string>>;
  /** The type of each field's values. */
  readonly types: Readonly<Record<KeyField, string>>;
  /** A UDP flow by the packet at hand. */
  readonly flow: string;
  /** The same flow by conntrack's record of it, as the client sends it. */
  readonly clientsFlow: string;
}

export function wordsOf(family: Family): Words {
  const address = family === "ip" ? "ipv4_addr" : "ipv6_addr";
  return {
    family,
    address,
    fields: {
      saddr: `${family} saddr`,
      daddr: `${family} daddr`,
      protocol: "meta l4proto",
      dport: "th dport",
      sport: "th sport",
    },
    types: { saddr: address, daddr: address, protocol: "inet_proto", dport: "inet_service", sport: "inet_service" },
    flow: `${family} saddr . udp sport . ${family} daddr . udp dport`,
    clientsFlow: [
      `ct original ${family} saddr`,
      "ct original proto-src",
      `ct original ${family} daddr`,
      "ct original proto-dst",
    ].join(" . "),
  };
}

export const ruleText = ({ matches, actions }: Rule, words: Words): string =>
  [...matches.map((match) => matchText(match, words)), ...actions.map((action) => actionText(action, words))].join(" ");

export const verdictText = (verdict: Verdict): string =>
  verdict.type === "goto" || verdict.type === "jump" ? `${verdict.type} ${verdict.chain}` : verdict.type;

/** What a map or set holds, as its definition says it. */
export function collectionType(collection: Collection, { types, address, flow }: Words): string {
  const typeOf = (key: readonly KeyField[]) => key.map((field) => types[field]).join(" . ");
  switch (collection.kind) {
    case "verdicts":
      return `type ${typeOf(collection.key)} : verdict ;`;
    case "keys":
      return `type ${typeOf(collection.key)} ;`;
    case "recent":
      return `type ${typeOf(collection.key)} ; flags timeout ;`;
    case "clients":
      return `type ${address} ; flags dynamic,timeout ; size ${MAX_REMEMBERED} ;`;
    case "flows":
      return `typeof ${flow} : ct zone ; flags dynamic,timeout ; size ${MAX_REMEMBERED} ;`;
    default:
      return unreachable(collection);
  }
}

const fieldsText = (key: readonly KeyField[], { fields }: Words) => key.map((field) => fields[field]).join(" . ");

const hex = (mark: number) => `0x${mark.toString(16).padStart(8, "0")}`;

function matchText(match: Match, words: Words): string {
  switch (match.on) {
    case "address":
      return `${words.fields[match.field]}${match.not ? " !=" : ""} { ${match.within.join(", ")} }`;
    case "set":
      return `${fieldsText(match.key, words)} @${match.set}`;
    case "local":
      return `fib ${match.field} type local`;
    case "new":
      return "ct state new";
    case "original":
      return "ct direction original";
    case "dnat":
      return "ct status dnat";
    case "mark":
      return `meta mark and ${hex(match.mark)} != 0`;
    case "protocol":
      return `meta l4proto ${match.protocol}`;
    case "input-interface":
      return `iifname "${match.name}"`;
    default:
      return unreachable(match);
  }
}

function actionText(action: Action, words: Words): string {
  const { family } = words;
  switch (action.type) {
    case "look-up":
      return `${fieldsText(action.key, words)} vmap @${action.map}`;
    case "dnat":
      return `meta l4proto ${action.protocol} dnat to ${hostPort(action.to.ip, action.to.port)}`;
    case "balance": {
      const targets = action.between.map(({ ip, port }, i) => `${i} : ${ip} . ${port}`).join(", ");
      return `meta l4proto ${action.protocol} dnat ${family} addr . port to numgen random mod ${action.between.length} map { ${targets} }`;
    }
    case "choose": {
      const chains = action.chains.map((chain, i) => `${i} : goto ${chain}`).join(", ");
      return `numgen random mod ${action.chains.length} vmap { ${chains} }`;
    }
    case "remember":
      return `update @${action.set} { ${family} saddr timeout ${action.seconds}s }`;
    case "mark":
      return `meta mark set meta mark or ${hex(action.mark)}`;
    case "unmark":
      return `meta mark set meta mark xor ${hex(action.mark)}`;
    case "masquerade":
      return "masquerade fully-random";
    case "move-flow":
      // Deleted first: an update leaves the zone of a flow that was moved before as it is.
      return [
        `delete @${action.map} { ${words.clientsFlow} : 0 }`,
        `update @${action.map} { ${words.clientsFlow} timeout ${MOVED_SECONDS}s : numgen random mod 65535 offset 1 }`,
      ].join(" ");
    case "zone-of-flow":
      return `ct original zone set ${words.flow} map @${action.map}`;
    case "reject":
      return action.by === "reset" ? "reject with tcp reset" : "reject";
    case "drop":
    case "accept":
    case "return":
    case "goto":
    case "jump":
      return verdictText(action);
    default:
      return unreachable(action);
  }
}
