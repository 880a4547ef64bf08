import type { Answer } from "dns-packet";
import { parseName, splitAtZone } from "./name.ts";
import { addressOfReverse, canonicalAddress } from "./reverse.ts";
import { nameServers, soa } from "./authority.ts";
import { hostnameOf, targetsOf, type AddressTarget, type Target } from "./targets.ts";
import { isReady, type DnsView } from "./view.ts";

export interface Question {
  /** In the case that it was asked with, which the answer keeps. */
  readonly name: string;
  /** `A`, `SRV` …, `UNKNOWN_65` for types without a name. */
  readonly type: string;
}

export type ReplyCode = "NOERROR" | "FORMERR" | "SERVFAIL" | "NXDOMAIN" | "NOTIMP" | "REFUSED";

export interface Reply {
  readonly code: ReplyCode;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
}

/** What is to be said to a question. */
export type Outcome =
  | { readonly type: "reply"; readonly reply: Reply }
  /** Not the cluster's: for the resolvers outside. */
  | { readonly type: "forward" }
  /** An alias (or several) that leads out of the cluster: what is outside at `target` goes behind the answers. */
  | { readonly type: "chase"; readonly answers: readonly Answer[]; readonly target: string };

/** Seconds, as kubeadm's Corefile has it. */
export const TTL = 30;
const VERSION_TTL = 28_800;
/** Of aliases in a row that stay inside the cluster. */
const MAX_CHAIN = 8;

/**
 * Answers as CoreDNS' kubernetes plugin does by kubeadm's Corefile, which is the Kubernetes DNS specification
 * 1.1.0. Costs what the answer holds. Addresses come in the order of the slices: the server shuffles them.
 */
export function answer(question: Question, view: DnsView): Outcome {
  const split = splitAtZone(question.name, view.clusterDomain);
  if (!split) return reverse(question, view);
  const negative = (code: ReplyCode): Outcome => reply({ code, authorities: [soa(split.zone, view)] });
  const { type } = question;
  if (type === "AXFR" || type === "IXFR") return reply({ code: "REFUSED" });
  if (split.below === "" && (type === "SOA" || type === "NS")) {
    if (type === "SOA") return reply({ answers: [soa(split.zone, view)] });
    const { names, addresses } = nameServers(split.zone, view);
    return reply({ answers: names, additionals: addresses });
  }
  const special = specialRecords(question, split.below, split.zone, view);
  if (special) return special.length > 0 ? reply({ answers: special }) : negative("NOERROR");

  const targets = targetsOf(parseName(split.below), view);
  if (!targets) return view.synced ? negative("NXDOMAIN") : reply({ code: "SERVFAIL" });
  const outcome = records(question, targets, split.zone, view, 0);
  const empty = outcome.type === "reply" && outcome.reply.answers.length === 0;
  return empty ? negative("NOERROR") : outcome;
}

const reply = (parts: Partial<Reply>): Outcome => ({
  type: "reply",
  reply: { code: "NOERROR", answers: [], authorities: [], additionals: [], ...parts },
});

/** Names that stand for no object: the version of the scheme, and the name server when it has no Service. */
function specialRecords({ name, type }: Question, below: string, zone: string, view: DnsView): Answer[] | undefined {
  switch (below.toLowerCase()) {
    case "dns-version":
      return type === "TXT" ? [{ name, type: "TXT", class: "IN", ttl: VERSION_TTL, data: "1.1.0" }] : undefined;
    case "ns.dns":
      return nameServers(zone, view)
        .addresses.filter((address) => address.type === type)
        .map((address) => ({ ...address, name }));
    default:
      return undefined;
  }
}

function records(question: Question, targets: readonly Target[], zone: string, view: DnsView, depth: number): Outcome {
  const { name, type } = question;
  const alias = targets.find((target) => target.type === "alias");
  switch (type) {
    case "A":
    case "AAAA":
      return alias
        ? follow(question, alias.name, view, depth)
        : reply({ answers: addressRecords(name, addressTargets(targets), type === "A" ? 4 : 6) });
    case "TXT":
      return alias ? follow(question, alias.name, view, depth) : reply({});
    case "CNAME":
      return reply({ answers: alias ? [cname(name, alias.name)] : [] });
    case "SRV":
      return reply(serviceRecords(name, addressTargets(targets), zone));
    default:
      return reply({});
  }
}

const addressTargets = (targets: readonly Target[]) => targets.filter((target) => target.type === "address");

const cname = (name: string, data: string): Answer => ({ name, type: "CNAME", class: "IN", ttl: TTL, data });

const addressRecord = (name: string, { family, address }: AddressTarget): Answer => ({
  name,
  type: family === 4 ? "A" : "AAAA",
  class: "IN",
  ttl: TTL,
  data: address,
});

/** Each address once, though several of its ports were found. */
function addressRecords(name: string, targets: readonly AddressTarget[], family: 4 | 6): Answer[] {
  const once = new Map<string, Answer>();
  for (const target of targets) {
    if (target.family === family && !once.has(target.address)) once.set(target.address, addressRecord(name, target));
  }
  return [...once.values()];
}

/** Follows an alias: inside the cluster to its end, outside for others to do. */
function follow(question: Question, target: string, view: DnsView, depth: number): Outcome {
  const here = cname(question.name, target);
  const split = splitAtZone(target, view.clusterDomain);
  if (!split) return { type: "chase", answers: [here], target };
  if (depth >= MAX_CHAIN) return reply({});
  const targets = targetsOf(parseName(split.below), view) ?? [];
  const next = records({ ...question, name: target }, targets, split.zone, view, depth + 1);
  if (next.type === "chase") return { ...next, answers: [here, ...next.answers] };
  // An alias that leads to nothing is not told either.
  if (next.type === "forward" || next.reply.answers.length === 0) return reply({});
  return reply({ ...next.reply, answers: [here, ...next.reply.answers] });
}

/** One record for each name and port, with the addresses of the names; weights share 100 (CoreDNS, plugin SRV). */
function serviceRecords(name: string, targets: readonly AddressTarget[], zone: string): Partial<Reply> {
  const weight = Math.max(1, Math.floor(100 / targets.length));
  const answers = new Map<string, Answer>();
  const additionals = new Map<string, Answer>();
  for (const target of targets) {
    const { owner, port, address } = target;
    if (port === undefined) continue;
    const host = `${owner}.${zone}`;
    answers.set(`${host} ${port}`, {
      name,
      type: "SRV",
      class: "IN",
      ttl: TTL,
      data: { priority: 0, weight, port, target: host },
    });
    additionals.set(`${host} ${address}`, addressRecord(host, target));
  }
  return { answers: [...answers.values()], additionals: [...additionals.values()] };
}

/** What has an address: a Service by its cluster IP, else the endpoints that have it. Others are asked otherwise. */
function reverse({ name, type }: Question, view: DnsView): Outcome {
  const address = type === "PTR" ? addressOfReverse(name) : undefined;
  if (address === undefined) return { type: "forward" };
  const suffix = `svc.${view.clusterDomain}`;
  const service = view.serviceWithIp(address);
  const hosts = new Set<string>();
  if (service) hosts.add(`${service.metadata.name}.${service.metadata.namespace}.${suffix}`);
  else {
    for (const { metadata, endpoints = [] } of view.slicesWithAddress(address)) {
      const owner = `${metadata.labels?.["kubernetes.io/service-name"]}.${metadata.namespace}.${suffix}`;
      for (const endpoint of endpoints) {
        if (!isReady(endpoint)) continue;
        const own = endpoint.addresses.find((text) => canonicalAddress(text) === address);
        if (own !== undefined) hosts.add(`${hostnameOf(endpoint, own)}.${owner}`);
      }
    }
  }
  if (hosts.size === 0) return { type: "forward" };
  return reply({ answers: [...hosts].map((data) => ({ name, type: "PTR", class: "IN", ttl: TTL, data })) });
}
