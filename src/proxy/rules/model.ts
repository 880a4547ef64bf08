/**
 * One nftables table as data. Only what the proxy needs of nftables is here, so that a packet's way through it can
 * be followed without a kernel.
 */

/** nftables' name of an address family; each has a table of its own, since NAT is per family. */
export type Family = "ip" | "ip6";
export type Protocol = "tcp" | "udp" | "sctp";
export type AddressField = "saddr" | "daddr";
/** What an element of a map or set is looked up by. */
export type KeyField = AddressField | "protocol" | "dport" | "sport";

export interface Target {
  readonly ip: string;
  readonly port: number;
}

export type Verdict =
  | { readonly type: "goto" | "jump"; readonly chain: string }
  | { readonly type: "drop" | "accept" | "return" };

export type Match =
  | { readonly on: "address"; readonly field: AddressField; readonly within: readonly string[]; readonly not?: true }
  | { readonly on: "set"; readonly key: readonly KeyField[]; readonly set: string }
  /** The address is one of the node's own. */
  | { readonly on: "local"; readonly field: AddressField }
  | { readonly on: "new" }
  /** The first packet and its like, as the client sends them. */
  | { readonly on: "original" }
  | { readonly on: "dnat" }
  | { readonly on: "mark"; readonly mark: number }
  | { readonly on: "protocol"; readonly protocol: Protocol }
  | { readonly on: "input-interface"; readonly name: string };

export type Action =
  | Verdict
  /** The verdict that the map has for the packet; none: on with the next rule. */
  | { readonly type: "look-up"; readonly key: readonly KeyField[]; readonly map: string }
  | { readonly type: "dnat"; readonly protocol: Protocol; readonly to: Target }
  /** DNAT to one of these by chance. */
  | { readonly type: "balance"; readonly protocol: Protocol; readonly between: readonly Target[] }
  /** On with one of these chains by chance. */
  | { readonly type: "choose"; readonly chains: readonly string[] }
  /** The client's address is in the set from now on, for so long. */
  | { readonly type: "remember"; readonly set: string; readonly seconds: number }
  | { readonly type: "mark" | "unmark"; readonly mark: number }
  | { readonly type: "masquerade" }
  /** Answers the sender of the packet; by a reset: over TCP only. */
  | { readonly type: "reject"; readonly by?: "reset" }
  /** UDP: what the client sends from now on counts as a connection of its own. See base-table.ts. */
  | { readonly type: "move-flow"; readonly map: string }
  | { readonly type: "zone-of-flow"; readonly map: string };

export interface Rule {
  readonly matches: readonly Match[];
  readonly actions: readonly Action[];
}

export interface Hook {
  readonly type: "filter" | "nat";
  readonly hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
  readonly priority: number;
}

export interface Chain {
  readonly name: string;
  readonly hook?: Hook;
  readonly rules: readonly Rule[];
}

export type Collection =
  /** `verdicts`: a map from a key to a verdict; `keys`: a set. */
  | { readonly name: string; readonly kind: "verdicts" | "keys"; readonly key: readonly KeyField[] }
  /** A set of addresses that rules fill. */
  | { readonly name: string; readonly kind: "clients" }
  /** A set whose elements are forgotten after a while. */
  | { readonly name: string; readonly kind: "recent"; readonly key: readonly KeyField[] }
  /** UDP flows and the conntrack zone of each. */
  | { readonly name: string; readonly kind: "flows" };

/** An entry of a map (with a verdict) or of a set. The key is as nft writes it: `10.0.0.1 . tcp . 80`. */
export interface Element {
  readonly of: string;
  readonly key: string;
  readonly verdict?: Verdict;
}

/** What a table has on account of one thing: a Service, a Pod. Chains and sets are its own; elements may be claimed by several. */
export interface Fragment {
  readonly chains: readonly Chain[];
  readonly sets: readonly Collection[];
  readonly elements: readonly Element[];
}

export interface Ruleset {
  readonly family: Family;
  readonly table: string;
  /** What is always there: hooks and the maps that fragments put their elements in. */
  readonly base: Fragment;
  readonly fragments: ReadonlyMap<string, Fragment>;
}

export const NO_FRAGMENT: Fragment = { chains: [], sets: [], elements: [] };

export const goto = (chain: string): Verdict => ({ type: "goto", chain });
export const jump = (chain: string): Verdict => ({ type: "jump", chain });
export const rule = (matches: readonly Match[], ...actions: readonly Action[]): Rule => ({ matches, actions });
/** A key of several parts, as nft writes it. */
export const keyText = (...parts: readonly (string | number)[]): string => parts.join(" . ");
