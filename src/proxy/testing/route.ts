import { blockContains, parseCidr, parseIp } from "#objects";
import { LOOPBACK } from "../rules/addresses.ts";
import type {
  Action,
  Chain,
  Element,
  Hook,
  KeyField,
  Match,
  Protocol,
  Ruleset,
  Target,
  Verdict,
} from "../rules/model.ts";

export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol?: Protocol;
}

export type Fate =
  | { readonly type: "dropped" | "rejected" | "reset" }
  /** Where it ends up, and whether it comes from the node's address then. */
  | { readonly type: "delivered"; readonly to: Target; readonly masqueraded: boolean };

export interface Router {
  /**
   * The first packet of a connection. `chance` stands for numgen: a number in [0, 1); `lost`: the packet is in a rule
   * that is being replaced, whose map the kernel has emptied already.
   */
  route(packet: Packet, chance: number | "lost"): Fate;
}

interface Moving {
  readonly saddr: string;
  daddr: string;
  dport: number;
  readonly protocol: Protocol;
  mark: number;
  dnat: boolean;
  masqueraded: boolean;
  readonly chance: number | "lost";
}

const NAMES = { drop: "dropped", reject: "rejected", reset: "reset" } as const;
type End = "drop" | "accept" | "reject" | "reset";

/** Follows packets through a table as the kernel would. It remembers clients (session affinity), and nothing else. */
export function createRouter(rules: Ruleset, nodeAddresses: readonly string[]): Router {
  const parts = [rules.base, ...rules.fragments.values()];
  const chains = new Map(parts.flatMap((part) => part.chains).map((chain) => [chain.name, chain]));
  const elements = new Map<string, Element>();
  for (const [, part] of [...rules.fragments].sort(([a], [b]) => (a < b ? 1 : -1))) {
    for (const element of part.elements) elements.set(`${element.of} ${element.key}`, element);
  }
  const clients = new Map<string, Set<string>>();

  const isLocal = (ip: string) => nodeAddresses.includes(ip) || contains(LOOPBACK.ip, ip);
  const chainOf = (name: string): Chain => {
    const chain = chains.get(name);
    if (!chain) throw new Error(`a rule leads to ${name}, which is not there`);
    return chain;
  };
  const keyOf = (key: readonly KeyField[], packet: Moving) =>
    key.map((field) => (field === "sport" ? 0 : packet[field])).join(" . ");

  const matches = (match: Match, packet: Moving): boolean => {
    switch (match.on) {
      case "address":
        return match.within.some((block) => contains(block, packet[match.field])) !== (match.not ?? false);
      case "set":
        return match.key.length === 1 && match.key[0] === "saddr"
          ? (clients.get(match.set)?.has(packet.saddr) ?? false)
          : elements.has(`${match.set} ${keyOf(match.key, packet)}`);
      case "local":
        return isLocal(packet[match.field]);
      case "new":
      case "original":
        return true;
      case "dnat":
        return packet.dnat;
      case "mark":
        return (packet.mark & match.mark) !== 0;
      case "protocol":
        return packet.protocol === match.protocol;
      case "input-interface":
        return false;
    }
  };

  const follow = (verdict: Verdict, packet: Moving): End | "onwards" | "over" => {
    switch (verdict.type) {
      case "goto":
        return walk(chainOf(verdict.chain), packet) ?? "over";
      case "jump":
        return walk(chainOf(verdict.chain), packet) ?? "onwards";
      case "return":
        return "over";
      default:
        return verdict.type;
    }
  };

  const dnat = (packet: Moving, to: Target): End => {
    packet.daddr = to.ip;
    packet.dport = to.port;
    packet.dnat = true;
    return "accept";
  };

  const act = (action: Action, packet: Moving): End | "onwards" | "over" => {
    switch (action.type) {
      case "look-up": {
        const verdict = elements.get(`${action.map} ${keyOf(action.key, packet)}`)?.verdict;
        return verdict ? follow(verdict, packet) : "onwards";
      }
      case "dnat":
        return action.protocol === packet.protocol ? dnat(packet, action.to) : "onwards";
      case "balance": {
        const to = chosen(action.between, packet);
        return to && action.protocol === packet.protocol ? dnat(packet, to) : "onwards";
      }
      case "choose": {
        const chain = chosen(action.chains, packet);
        return chain === undefined ? "onwards" : follow({ type: "goto", chain }, packet);
      }
      case "remember":
        clients.set(action.set, (clients.get(action.set) ?? new Set()).add(packet.saddr));
        return "onwards";
      case "mark":
        packet.mark |= action.mark;
        return "onwards";
      case "unmark":
        packet.mark &= ~action.mark;
        return "onwards";
      case "masquerade":
        packet.masqueraded = true;
        return "accept";
      case "zone-of-flow":
      case "move-flow":
        return "onwards";
      case "reject":
        return action.by ?? "reject";
      default:
        return follow(action, packet);
    }
  };

  const walk = (chain: Chain, packet: Moving): End | undefined => {
    for (const rule of chain.rules) {
      if (!rule.matches.every((match) => matches(match, packet))) continue;
      for (const action of rule.actions) {
        const outcome = act(action, packet);
        if (outcome === "over") return undefined;
        if (outcome !== "onwards") return outcome;
      }
    }
    return undefined;
  };

  const pass = (hook: Hook["hook"], packet: Moving): End => {
    const hooked = [...chains.values()].filter((chain) => chain.hook?.hook === hook);
    for (const chain of hooked.sort((a, b) => a.hook!.priority - b.hook!.priority)) {
      const end = walk(chain, packet);
      if (end !== "accept" && end !== undefined) return end;
    }
    return "accept";
  };

  return {
    route(original, chance) {
      const packet: Moving = {
        saddr: original.from,
        daddr: original.to,
        dport: original.port,
        protocol: original.protocol ?? "tcp",
        mark: 0,
        dnat: false,
        masqueraded: false,
        chance,
      };
      const hooks: readonly (() => Hook["hook"])[] = [
        () => (isLocal(original.from) ? "output" : "prerouting"),
        () => (isLocal(packet.daddr) ? "input" : isLocal(original.from) ? "postrouting" : "forward"),
        () => "postrouting",
      ];
      for (const hook of hooks) {
        const end = pass(hook(), packet);
        if (end !== "accept") return { type: NAMES[end] };
        if (hook() === "input") break;
      }
      return { type: "delivered", to: { ip: packet.daddr, port: packet.dport }, masqueraded: packet.masqueraded };
    },
  };
}

function chosen<T>(all: readonly T[], { chance }: Moving): T | undefined {
  return chance === "lost" ? undefined : all[Math.floor(chance * all.length)];
}

function contains(block: string, ip: string): boolean {
  const address = parseIp(ip);
  const parsed = block.includes("/") ? parseCidr(block) : undefined;
  if (!address) return false;
  return parsed ? blockContains(parsed, address) : parseIp(block)?.bits === address.bits;
}
