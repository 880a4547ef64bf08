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
/** `onwards`: to the next action or rule; `over`: the chain has no more to say. */
type Outcome = End | "onwards" | "over";

/**
 * Follows packets through a table as the kernel would. It remembers clients (session affinity), and nothing else.
 */
export class Router {
  readonly #nodeAddresses: readonly string[];
  readonly #chains: ReadonlyMap<string, Chain>;
  /** By the name of their map or set and their key. */
  readonly #elements = new Map<string, Element>();
  /** By the name of the set that rules have put them in. */
  readonly #clients = new Map<string, Set<string>>();

  constructor({ base, fragments }: Ruleset, nodeAddresses: readonly string[]) {
    this.#nodeAddresses = nodeAddresses;
    const chains = [base, ...fragments.values()].flatMap((part) => part.chains);
    this.#chains = new Map(chains.map((chain) => [chain.name, chain]));
    // Of several owners of an element the first by name has it.
    for (const [, { elements }] of [...fragments].sort(([a], [b]) => (a < b ? 1 : -1))) {
      for (const element of elements) this.#elements.set(`${element.of} ${element.key}`, element);
    }
  }

  /**
   * The first packet of a connection. `chance` stands for numgen: a number in [0, 1); `lost`: the packet is in a rule
   * that is being replaced, whose map the kernel has emptied already.
   */
  route({ from, to, port, protocol = "tcp" }: Packet, chance: number | "lost"): Fate {
    const packet: Moving = {
      saddr: from,
      daddr: to,
      dport: port,
      protocol,
      mark: 0,
      dnat: false,
      masqueraded: false,
      chance,
    };
    const hooks: readonly (() => Hook["hook"])[] = [
      () => (this.#isLocal(from) ? "output" : "prerouting"),
      () => (this.#isLocal(packet.daddr) ? "input" : this.#isLocal(from) ? "postrouting" : "forward"),
      () => "postrouting",
    ];
    for (const hook of hooks) {
      const end = this.#pass(hook(), packet);
      if (end !== "accept") return { type: NAMES[end] };
      if (hook() === "input") break;
    }
    return { type: "delivered", to: { ip: packet.daddr, port: packet.dport }, masqueraded: packet.masqueraded };
  }

  #pass(hook: Hook["hook"], packet: Moving): End {
    const hooked = [...this.#chains.values()].filter((chain) => chain.hook?.hook === hook);
    for (const chain of hooked.sort((a, b) => a.hook!.priority - b.hook!.priority)) {
      const end = this.#walk(chain, packet);
      if (end !== "accept" && end !== undefined) return end;
    }
    return "accept";
  }

  #walk(chain: Chain, packet: Moving): End | undefined {
    for (const rule of chain.rules) {
      if (!rule.matches.every((match) => this.#matches(match, packet))) continue;
      for (const action of rule.actions) {
        const outcome = this.#act(action, packet);
        if (outcome === "over") return undefined;
        if (outcome !== "onwards") return outcome;
      }
    }
    return undefined;
  }

  #matches(match: Match, packet: Moving): boolean {
    switch (match.on) {
      case "address":
        return match.within.some((block) => contains(block, packet[match.field])) !== (match.not ?? false);
      case "set":
        return match.key.length === 1 && match.key[0] === "saddr"
          ? (this.#clients.get(match.set)?.has(packet.saddr) ?? false)
          : this.#elements.has(`${match.set} ${keyOf(match.key, packet)}`);
      case "local":
        return this.#isLocal(packet[match.field]);
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
  }

  #act(action: Action, packet: Moving): Outcome {
    switch (action.type) {
      case "look-up": {
        const verdict = this.#elements.get(`${action.map} ${keyOf(action.key, packet)}`)?.verdict;
        return verdict ? this.#follow(verdict, packet) : "onwards";
      }
      case "dnat":
        return action.protocol === packet.protocol ? dnat(packet, action.to) : "onwards";
      case "balance": {
        const to = chosen(action.between, packet);
        return to && action.protocol === packet.protocol ? dnat(packet, to) : "onwards";
      }
      case "choose": {
        const chain = chosen(action.chains, packet);
        return chain === undefined ? "onwards" : this.#follow({ type: "goto", chain }, packet);
      }
      case "remember":
        this.#clients.set(action.set, (this.#clients.get(action.set) ?? new Set()).add(packet.saddr));
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
        return this.#follow(action, packet);
    }
  }

  #follow(verdict: Verdict, packet: Moving): Outcome {
    switch (verdict.type) {
      case "goto":
        return this.#walk(this.#chain(verdict.chain), packet) ?? "over";
      case "jump":
        return this.#walk(this.#chain(verdict.chain), packet) ?? "onwards";
      case "return":
        return "over";
      default:
        return verdict.type;
    }
  }

  #chain(name: string): Chain {
    const chain = this.#chains.get(name);
    if (!chain) throw new Error(`a rule leads to ${name}, which is not there`);
    return chain;
  }

  #isLocal(ip: string): boolean {
    return this.#nodeAddresses.includes(ip) || contains(LOOPBACK.ip, ip);
  }
}

function dnat(packet: Moving, to: Target): End {
  packet.daddr = to.ip;
  packet.dport = to.port;
  packet.dnat = true;
  return "accept";
}

const keyOf = (key: readonly KeyField[], packet: Moving): string =>
  key.map((field) => (field === "sport" ? 0 : packet[field])).join(" . ");

function chosen<T>(all: readonly T[], { chance }: Moving): T | undefined {
  return chance === "lost" ? undefined : all[Math.floor(chance * all.length)];
}

function contains(block: string, ip: string): boolean {
  const address = parseIp(ip);
  const parsed = block.includes("/") ? parseCidr(block) : undefined;
  if (!address) return false;
  return parsed ? blockContains(parsed, address) : parseIp(block)?.bits === address.bits;
}
