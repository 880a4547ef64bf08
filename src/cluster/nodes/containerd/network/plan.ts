import { shellWord } from "../../../data-dir/command-line.ts";
import { blockContains, parseCidr, type IpBlock } from "#objects";
import {
  bridgeOf,
  EARLIER_NETWORK,
  EARLIER_TABLE,
  gatewayOf,
  SHARED_BRIDGE,
  USUAL_PODS,
  USUAL_SERVICES,
  type NodeNetwork,
} from "./network.ts";

/** A bridge of some cluster of Knarr's in this network namespace. */
export interface FoundBridge {
  readonly name: string;
  /** The data directory that it was made for; absent: of a version that did not say, or not Knarr's at all. */
  readonly owner?: string;
  /** What is kept in that directory; absent: it is gone, or cannot be read. */
  readonly network?: NodeNetwork;
}

export interface FoundRoute {
  /** `10.0.0.0/8` */
  readonly to: string;
  readonly device: string;
}

/** What is there of this machine's network, whether the clusters that it belongs to run or have left it behind. */
export interface Observed {
  readonly bridges: readonly FoundBridge[];
  /** But for the default route. */
  readonly routes: readonly FoundRoute[];
  /** The packet rules of a version that knew of one cluster only. */
  readonly earlierTable: boolean;
  /** Of the default route's interface. */
  readonly machineAddress: string;
}

/** Whose network it is to be. */
export interface Wanted {
  readonly dataDir: string;
  /** The id of a directory that has none yet. */
  readonly id: string;
  /** What the directory had before. */
  readonly kept: NodeNetwork | undefined;
  /** It has had containers under a version that kept no network. */
  readonly earlier: boolean;
  /** There are objects: their ClusterIPs are of {@link USUAL_SERVICES} when nothing else is kept. */
  readonly stored: boolean;
  /** Pods are plugged in by a containerd that is given, as documented: to one bridge, with one range. */
  readonly given: boolean;
  readonly nodeAddress: string | undefined;
  readonly loadBalancerAddresses: readonly string[] | undefined;
}

export type NetworkPlan =
  | {
      readonly network: NodeNetwork;
      /** The bridge of an earlier version becomes this one's. */
      readonly takeOver: boolean;
      /** Lines worth telling the user. */
      readonly notes: readonly string[];
    }
  /** In words that begin a sentence. */
  | { readonly refused: string };

/** Of private ranges (RFC 1918), in the order in which they are tried. */
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `10.${from + i}.0.0/16`);
const POD_RANGES = [USUAL_PODS, ...range(245, 255), ...range(128, 243)];
const SERVICE_RANGES = [USUAL_SERVICES, ...range(112, 127)];

/** An address range that something else has. */
interface Taken {
  readonly range: string;
  readonly device: string;
  /** The cluster whose it is. */
  readonly bridge?: FoundBridge;
}

/**
 * Which part of the machine's network a data directory gets: what it had, or what is free. Refused is what cannot be
 * had otherwise: nothing of it may be another cluster's, whether that one runs or was only stopped.
 */
export function planNetwork(wanted: Wanted, observed: Observed): NetworkPlan {
  const { kept, earlier, given } = wanted;
  const id = kept?.id ?? wanted.id;
  const bridge = given ? SHARED_BRIDGE : bridgeOf({ id });
  const takesEarlier = kept === undefined && earlier && observed.earlierTable && isUnowned(observed, SHARED_BRIDGE);
  const own = observed.bridges.filter(({ owner }) => owner === wanted.dataDir).map(({ name }) => name);
  const mine = new Set([bridge, ...own, ...(takesEarlier ? [SHARED_BRIDGE] : [])]);
  const foreign = bridgeInTheWay(wanted, observed, bridge, takesEarlier);
  if (foreign !== undefined) return { refused: foreign };

  const others = observed.bridges.filter(({ name }) => !mine.has(name));
  const taken = takenRanges(others, observed, mine);
  const pods = podRange(
    wanted,
    taken,
    observed.bridges.some(({ name }) => mine.has(name)),
  );
  if ("refused" in pods) return pods;
  const services = serviceRange(wanted, taken);
  if ("refused" in services) return services;
  const machine = !others.some((other) => hasMachine(other, observed));
  const addressed = addressInTheWay(wanted, others, observed);
  if (addressed !== undefined) return { refused: addressed };

  const address = wanted.nodeAddress ?? (machine ? undefined : gatewayOf({ pods: pods.range }));
  const earlierNames = earlier && kept === undefined;
  const name = kept === undefined ? (earlierNames && !given ? EARLIER_NETWORK : undefined) : kept.name;
  const network: NodeNetwork = {
    id,
    pods: pods.range,
    services: services.range,
    machine,
    ...(address === undefined ? {} : { address }),
    ...(wanted.loadBalancerAddresses === undefined ? {} : { balancers: wanted.loadBalancerAddresses }),
    ...(given ? { bridge: SHARED_BRIDGE } : {}),
    ...(name === undefined ? {} : { name }),
    ...(takesEarlier || kept?.replaces ? { replaces: EARLIER_TABLE } : {}),
  };
  return { network, takeOver: takesEarlier && !given, notes: notesOn(network, others, taken) };
}

const isUnowned = ({ bridges }: Observed, name: string): boolean =>
  bridges.some((bridge) => bridge.name === name && bridge.owner === undefined);

/** Why the bridge of this name is another's. */
function bridgeInTheWay(
  { dataDir, kept, given }: Wanted,
  { bridges, earlierTable }: Observed,
  name: string,
  takesEarlier: boolean,
): string | undefined {
  const found = bridges.find((bridge) => bridge.name === name);
  if (found === undefined || found.owner === dataDir) return undefined;
  if (found.owner === undefined) {
    if (!given || kept !== undefined || takesEarlier || !earlierTable) return undefined;
    return `the bridge ${name} belongs to a cluster of an earlier version of Knarr: end that with knarr down --purge, with its data directory`;
  }
  // The directory has moved, or it is a copy of one that is there.
  if (found.network === undefined || bridgeOf(found.network) !== name) return undefined;
  if (given) return `the bridge ${name} ${belongsTo(found)}`;
  return `this data directory is a copy of ${found.owner}, which has the bridge ${name}: start the cluster there, or remove network.json and what containers there are from here`;
}

function takenRanges(others: readonly FoundBridge[], { routes }: Observed, mine: ReadonlySet<string>): Taken[] {
  const bridges = new Map(others.map((other) => [other.name, other]));
  const kept = others.flatMap((bridge) => {
    const { network, name: device } = bridge;
    return network ? [network.pods, network.services].map((of): Taken => ({ range: of, device, bridge })) : [];
  });
  const routed = routes
    .filter(({ device }) => !mine.has(device))
    .map(({ to, device }): Taken => {
      const bridge = bridges.get(device);
      return { range: to, device, ...(bridge ? { bridge } : {}) };
    });
  return [...kept, ...routed];
}

type Range = { readonly range: string } | { readonly refused: string };

function podRange({ kept, earlier, given }: Wanted, taken: readonly Taken[], pluggedIn: boolean): Range {
  const had = kept?.pods ?? (earlier || given ? USUAL_PODS : undefined);
  const other = had === undefined ? undefined : clusterAt(had, taken);
  if (had !== undefined && other === undefined) return { range: had };
  if (given)
    return { refused: `the Pods' range ${USUAL_PODS}, which a given containerd has to use, ${belongsTo(other!)}` };
  // Pods that are gone can come back with other addresses.
  if (had !== undefined && pluggedIn)
    return { refused: `the range ${had} of this cluster's Pods ${belongsTo(other!)}` };
  return freeRange(POD_RANGES, taken, "Pods");
}

function serviceRange({ kept, earlier, stored }: Wanted, taken: readonly Taken[]): Range {
  const had = kept?.services ?? (earlier || stored ? USUAL_SERVICES : undefined);
  if (had === undefined) return freeRange(SERVICE_RANGES, taken, "Services");
  const other = clusterAt(had, taken);
  return other === undefined
    ? { range: had }
    : { refused: `the range ${had} of this cluster's Services ${belongsTo(other)}` };
}

/** The first range that nothing overlaps; else the first with only larger networks around it: the smaller one wins there. */
function freeRange(candidates: readonly string[], taken: readonly Taken[], what: string): Range {
  const overlapping = (candidate: string) => taken.filter(({ range: other }) => overlap(candidate, other));
  const isWider = (candidate: string, other: Taken) =>
    other.bridge === undefined && parseCidr(other.range)!.prefixLength < parseCidr(candidate)!.prefixLength;
  const found =
    candidates.find((candidate) => overlapping(candidate).length === 0) ??
    candidates.find((candidate) => overlapping(candidate).every((other) => isWider(candidate, other)));
  if (found !== undefined) return { range: found };
  return {
    refused: `no range of addresses for ${what} is free: every one of ${candidates.join(", ")} is in use on this machine`,
  };
}

const clusterAt = (had: string, taken: readonly Taken[]): FoundBridge | undefined =>
  taken.find(({ range: other, bridge }) => bridge !== undefined && overlap(had, other))?.bridge;

function overlap(one: string, other: string): boolean {
  const [a, b] = [parseCidr(one), parseCidr(other)];
  return a !== undefined && b !== undefined && (holds(a, b) || holds(b, a));
}
const holds = (outer: IpBlock, inner: IpBlock) =>
  outer.prefixLength <= inner.prefixLength && blockContains(outer, inner.base);

/** Whether a cluster has the machine's own addresses. Of one that cannot be asked it is supposed. */
const hasMachine = ({ name, owner, network }: FoundBridge, { earlierTable }: Observed): boolean =>
  network?.machine ?? (owner !== undefined || (name === SHARED_BRIDGE && earlierTable));

/** Why an address that was asked for cannot be had. */
function addressInTheWay(
  { nodeAddress, loadBalancerAddresses = [] }: Wanted,
  others: readonly FoundBridge[],
  observed: Observed,
): string | undefined {
  for (const other of others) {
    const { network } = other;
    const own = network?.address ?? (hasMachine(other, observed) ? observed.machineAddress : undefined);
    const addresses = [own, ...(network ? [gatewayOf(network)] : []), ...(network?.balancers ?? [])];
    for (const asked of [nodeAddress, ...loadBalancerAddresses]) {
      if (asked === undefined || !addresses.includes(asked)) continue;
      const what = asked === nodeAddress ? "the node address" : "the load balancer address";
      return `${what} ${asked} ${belongsTo(other)}`;
    }
  }
  return undefined;
}

const nameOf = ({ owner, name }: FoundBridge): string =>
  owner === undefined ? "a cluster of an earlier version of Knarr" : `the cluster in ${owner} (bridge ${name})`;

const belongsTo = (other: FoundBridge): string => {
  const where = other.owner === undefined ? "with its data directory" : `--data-dir ${shellWord(other.owner)}`;
  return `belongs to ${nameOf(other)}, which runs or has left Pods and rules behind: end that with knarr down --purge ${where}`;
};

function notesOn(network: NodeNetwork, others: readonly FoundBridge[], taken: readonly Taken[]): string[] {
  const { pods, services, machine, address } = network;
  const notes: string[] = [];
  const differs = [
    ...(pods === USUAL_PODS ? [] : [`Pods in ${pods}`]),
    ...(services === USUAL_SERVICES ? [] : [`Services in ${services}`]),
    ...(machine ? [] : [`node ports on ${address} only`]),
  ];
  const beside = others.map(nameOf).join(" and ");
  if (differs.length > 0) notes.push(`${beside === "" ? "" : `beside ${beside}: `}${differs.join(", ")}`);
  for (const { range: other, device, bridge } of taken) {
    const what = overlap(pods, other) ? `its Pods' range ${pods}` : `its Services' range ${services}`;
    if (bridge === undefined && (overlap(pods, other) || overlap(services, other)))
      notes.push(`the network ${other} of ${device} overlaps ${what}: Pods cannot reach all of it`);
  }
  return notes;
}
