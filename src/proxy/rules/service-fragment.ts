import { blockContains, parseCidr, parseIp, type EndpointSlice, type Service } from "#objects";
import { blocksOf } from "./addresses.ts";
import { categorize, type Categorized } from "./categorize.ts";
import { masqueradeMark, type ProxyContext } from "./context.ts";
import { endpointsByPort, type ProxyEndpoint } from "./endpoints.ts";
import {
  goto,
  keyText,
  rule,
  type Chain,
  type Collection,
  type Element,
  type Fragment,
  type Rule,
  type Target,
  type Verdict,
} from "./model.ts";
import { endpointName, servicePortName } from "./names.ts";
import { isExternal, servicePorts, usesCluster, usesLocal, type ProxyServicePort } from "./service-port.ts";
import {
  CLUSTER_IPS,
  FIREWALL_IPS,
  HAIRPIN,
  NO_ENDPOINT_NODE_PORTS,
  NO_ENDPOINT_SERVICES,
  REJECT_CHAIN,
  SERVICE_IPS,
  SERVICE_NODE_PORTS,
  UDP_ENDPOINTS,
} from "./tables.ts";

/** What the table has on account of a Service and its slices; nothing, if it is none of the proxy's business. */
export function serviceFragment(service: Service, slices: Iterable<EndpointSlice>, context: ProxyContext): Fragment {
  const ports = servicePorts(service, context.family);
  const endpoints = ports.length > 0 ? endpointsByPort(slices, context.family, context.nodeName) : undefined;
  const parts = ports.map((port) => portFragment(port, endpoints?.get(port.key) ?? [], context));
  return {
    chains: parts.flatMap(({ chains }) => chains),
    sets: parts.flatMap(({ sets }) => sets),
    elements: parts.flatMap(({ elements }) => elements),
  };
}

function portFragment(port: ProxyServicePort, endpoints: readonly ProxyEndpoint[], context: ProxyContext): Fragment {
  const found = categorize(
    endpoints,
    { usesCluster: usesCluster(port), usesLocal: usesLocal(port) },
    context.nodeName,
    context.zone,
  );
  const { chains, sets } = chainsOf(port, found, context);
  const serving = port.protocol === "udp" ? endpoints.filter((endpoint) => endpoint.serving) : [];
  const udp = serving.map(({ ip, port: number }) => ({ of: UDP_ENDPOINTS, key: keyText(ip, number) }));
  return { chains, sets, elements: [...elementsOf(port, found), ...udp] };
}

/** Where a port's traffic goes next, by where it comes from; undefined where nothing can take it. */
function entrances(port: ProxyServicePort, { local, any }: Categorized) {
  const base = servicePortName(port.namespace, port.service, port.protocol, port.portName);
  const cluster = `service-${base}`;
  const ownNode = `local-${base}`;
  const ifAny = (policyLocal: boolean, chain: string) =>
    any && (!policyLocal || local.length > 0) ? chain : undefined;
  return {
    cluster,
    ownNode,
    external: `external-${base}`,
    firewall: `firewall-${base}`,
    /** For the ClusterIP. */
    internalPolicy: ifAny(port.internalLocal, port.internalLocal ? ownNode : cluster),
    /** For everything else, unless it is from the node or its pods. */
    externalPolicy: ifAny(port.externalLocal, port.externalLocal ? ownNode : cluster),
  };
}

const isFirewalled = (port: ProxyServicePort) => port.loadBalancerIps.length > 0 && port.sourceRanges.length > 0;

function elementsOf(port: ProxyServicePort, found: Categorized): Element[] {
  const { protocol } = port;
  const { external, firewall, internalPolicy, externalPolicy } = entrances(port, found);
  // Nothing serves: tell the client at once. Only nothing here, of policy Local: another node may serve, stay silent.
  const refusal: Verdict = found.any ? { type: "drop" } : goto(REJECT_CHAIN);
  const atAddress = (ip: string) => keyText(ip, protocol, port.port);
  const atNodePort = keyText(protocol, port.nodePort);

  const elements: Element[] = [
    { of: CLUSTER_IPS, key: port.clusterIp },
    internalPolicy === undefined
      ? { of: NO_ENDPOINT_SERVICES, key: atAddress(port.clusterIp), verdict: refusal }
      : { of: SERVICE_IPS, key: atAddress(port.clusterIp), verdict: goto(internalPolicy) },
  ];
  const addresses = [...new Set([...port.externalIps, ...port.loadBalancerIps])];
  if (found.any) {
    for (const ip of addresses) elements.push({ of: SERVICE_IPS, key: atAddress(ip), verdict: goto(external) });
    if (port.nodePort > 0) elements.push({ of: SERVICE_NODE_PORTS, key: atNodePort, verdict: goto(external) });
  }
  if (externalPolicy === undefined) {
    for (const ip of addresses) elements.push({ of: NO_ENDPOINT_SERVICES, key: atAddress(ip), verdict: refusal });
    if (port.nodePort > 0) elements.push({ of: NO_ENDPOINT_NODE_PORTS, key: atNodePort, verdict: refusal });
  }
  if (isFirewalled(port)) {
    for (const ip of port.loadBalancerIps) {
      elements.push({ of: FIREWALL_IPS, key: atAddress(ip), verdict: goto(firewall) });
    }
  }
  for (const { ip, port: number, local } of found.reachable) {
    if (local) elements.push({ of: HAIRPIN, key: keyText(ip, ip, protocol, number) });
  }
  return elements;
}

function chainsOf(port: ProxyServicePort, found: Categorized, context: ProxyContext) {
  const names = entrances(port, found);
  const chains: Chain[] = [];
  const sets: Collection[] = [];
  const toEndpoints = (name: string, targets: readonly Target[]) => {
    if (targets.length > 0) chains.push({ name, rules: toOneOf(port, targets) });
  };
  toEndpoints(names.cluster, found.cluster);
  toEndpoints(names.ownNode, found.local);
  if (found.any && isExternal(port)) chains.push(externalChain(port, names, context));
  if (isFirewalled(port)) chains.push(firewallChain(names.firewall, port, context));
  const { affinitySeconds: seconds, protocol } = port;
  if (seconds !== undefined) {
    for (const target of found.reachable) {
      const { chain, set } = affinityNames(port, target);
      sets.push({ name: set, kind: "clients" });
      chains.push({
        name: chain,
        rules: [
          // Rules of their own: a full set must not keep the packet from its endpoint.
          rule([], { type: "remember", set, seconds }),
          rule([], { type: "dnat", protocol, to: target }),
        ],
      });
    }
  }
  return { chains, sets };
}

function affinityNames(port: ProxyServicePort, target: Target) {
  const base = endpointName(port.namespace, port.service, port.protocol, port.portName, target);
  return { chain: `endpoint-${base}`, set: `affinity-${base}` };
}

/**
 * A choice is looked up in a map of the rule's own, and the kernel empties that a moment before the last packet has
 * left a rule that is being replaced: such a packet falls through, past the Service. So what follows a choice takes
 * every packet that comes that far, and where there is nothing to choose there is no map.
 */
function toOneOf(port: ProxyServicePort, targets: readonly Target[]): Rule[] {
  const { protocol } = port;
  if (port.affinitySeconds === undefined) {
    const between = targets.map((target) => ({ ip: target.ip, port: target.port }));
    const [first] = between;
    return [
      ...(between.length > 1 ? [rule([], { type: "balance", protocol, between })] : []),
      ...(first ? [rule([], { type: "dnat", protocol, to: first })] : []),
    ];
  }
  const endpoints = targets.map((target) => affinityNames(port, target));
  const chains = endpoints.map(({ chain }) => chain);
  const [first] = chains;
  return [
    ...endpoints.map(({ chain, set }) => rule([{ on: "set", key: ["saddr"], set }], goto(chain))),
    ...(chains.length > 1 ? [rule([], { type: "choose", chains })] : []),
    ...(first === undefined ? [] : [rule([], goto(first))]),
  ];
}

function externalChain(port: ProxyServicePort, names: ReturnType<typeof entrances>, context: ProxyContext): Chain {
  const { external: name, cluster, externalPolicy } = names;
  const mark = { type: "mark", mark: masqueradeMark(context) } as const;
  const onwards = externalPolicy === undefined ? [] : [rule([], goto(externalPolicy))];
  // The endpoint may be on another node: the answer must come back by way of this one.
  if (!port.externalLocal) return { name, rules: [rule([], mark), ...onwards] };
  const fromPod = { on: "address", field: "saddr", within: context.clusterCidrs } as const;
  const fromNode = { on: "local", field: "saddr" } as const;
  return {
    name,
    rules: [
      // From inside it is as if it had gone out and come back through a load balancer: any endpoint may do.
      ...(context.clusterCidrs.length > 0 ? [rule([fromPod], goto(cluster))] : []),
      rule([fromNode], mark),
      rule([fromNode], goto(cluster)),
      ...onwards,
    ],
  };
}

function firewallChain(name: string, port: ProxyServicePort, context: ProxyContext): Chain {
  const nodeAddress = parseIp(context.nodeAddresses[0] ?? "");
  const blocks = port.sourceRanges.map(parseCidr);
  const allowsNode = nodeAddress && blocks.some((block) => block && blockContains(block, nodeAddress));
  // What the node sends to a balancer's address that is also its own comes from that very address.
  const own = allowsNode ? port.loadBalancerIps : [];
  const within = blocksOf(context.family, [...port.sourceRanges, ...own]);
  return { name, rules: [rule([{ on: "address", field: "saddr", within, not: true }], { type: "drop" })] };
}
