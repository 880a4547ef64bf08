import { blocksOf, LOOPBACK } from "./addresses.ts";
import { masqueradeMark, type ProxyContext } from "./context.ts";
import { jump, rule, type Chain, type Fragment, type Match, type Rule } from "./model.ts";
import * as tables from "./tables.ts";

/** nftables' own numbers. Filtering by what the client asked for has to come before DNAT, as does whatever conntrack must not see. */
const RAW = -300;
const DNAT = -100;
const BEFORE_DNAT = DNAT - 10;
const FILTER = 0;
const SNAT = 100;

/** What the pod network may reach without the node's address in front of it, beside the cluster itself. */
const MULTICAST = { ip: "224.0.0.0/4", ip6: "ff00::/8" } as const;

/**
 * What the table has before there is any Service: where packets come in, in which order they are looked up, and
 * what is masqueraded (upstream pkg/proxy/nftables, setupNFTables; the rest is said at each rule).
 *
 * UDP has no connections that could be broken off when an endpoint goes: a client that keeps sending from one port
 * would be sent to an endpoint that is gone for as long as it sends. Upstream deletes conntrack's entries. Here a
 * packet on its way to an endpoint that has gone puts its flow into another conntrack zone: the next one is a new
 * connection.
 */
export function baseTable(context: ProxyContext): Fragment {
  const { moveUdpFlows } = context;
  return {
    chains: [
      { name: "services", rules: serviceRules(context) },
      { name: "service-endpoints-check", rules: [lookUp(tables.BY_ADDRESS, tables.NO_ENDPOINT_SERVICES)] },
      {
        name: "nodeport-endpoints-check",
        rules: [nodePorts(context, tables.NO_ENDPOINT_NODE_PORTS)],
      },
      { name: "firewall-check", rules: [lookUp(tables.BY_ADDRESS, tables.FIREWALL_IPS)] },
      { name: "cluster-ips-check", rules: clusterIpRules(context) },
      { name: "masquerading", rules: masqueradingRules(context) },
      { name: tables.REJECT_CHAIN, rules: rejection() },
      ...(moveUdpFlows ? movedFlows() : []),
      ...hooks(context),
    ],
    sets: [...tables.COLLECTIONS, ...(moveUdpFlows ? tables.UDP_COLLECTIONS : [])],
    elements: [],
  };
}

function hooks(context: ProxyContext): Chain[] {
  const fresh: Match = { on: "new" };
  const gone = context.moveUdpFlows ? [rule([], jump("gone-endpoints-check"))] : [];
  const services = rule([fresh], jump("service-endpoints-check"));
  const clusterIps = rule([fresh], jump("cluster-ips-check"));
  const firewall = rule([fresh], jump("firewall-check"));
  // The first table that gives a packet another destination decides. Of a table with all the machine's addresses and
  // one with a few of its own, the latter has to be asked first.
  const dnat = context.confined ? DNAT - 1 : DNAT;
  return [
    {
      name: "filter-prerouting-pre-dnat",
      hook: { type: "filter", hook: "prerouting", priority: BEFORE_DNAT },
      rules: [...loopbackGuard(context), firewall],
    },
    {
      name: "filter-output-pre-dnat",
      hook: { type: "filter", hook: "output", priority: BEFORE_DNAT },
      rules: [firewall],
    },
    {
      name: "filter-input",
      hook: { type: "filter", hook: "input", priority: FILTER },
      rules: [...gone, rule([fresh], jump("nodeport-endpoints-check")), services],
    },
    {
      name: "filter-forward",
      hook: { type: "filter", hook: "forward", priority: FILTER },
      rules: [...gone, services, clusterIps],
    },
    {
      name: "filter-output",
      hook: { type: "filter", hook: "output", priority: FILTER },
      rules: [...gone, services, clusterIps],
    },
    {
      name: "nat-prerouting",
      hook: { type: "nat", hook: "prerouting", priority: dnat },
      rules: [rule([], jump("services"))],
    },
    {
      name: "nat-output",
      hook: { type: "nat", hook: "output", priority: dnat },
      rules: [rule([], jump("services"))],
    },
    {
      name: "nat-postrouting",
      hook: { type: "nat", hook: "postrouting", priority: SNAT },
      rules: [rule([], jump("masquerading"))],
    },
  ];
}

const lookUp = (key: typeof tables.BY_ADDRESS, map: string, matches: readonly Match[] = []): Rule =>
  rule(matches, { type: "look-up", key, map });

function serviceRules(context: ProxyContext): Rule[] {
  const mark = { type: "mark", mark: masqueradeMark(context) } as const;
  return [
    // Other machines may route the service range here; the endpoint may be on another node.
    ...(context.clusterCidrs.length > 0
      ? [
          rule(
            [
              { on: "set", key: tables.BY_DESTINATION, set: tables.CLUSTER_IPS },
              { on: "address", field: "saddr", within: context.clusterCidrs, not: true },
            ],
            mark,
          ),
        ]
      : []),
    lookUp(tables.BY_ADDRESS, tables.SERVICE_IPS),
    lookUp(tables.BY_ADDRESS, tables.HOST_PORTS_ON_ADDRESS, [...notLoopback(context)]),
    lookUp(tables.BY_PORT, tables.HOST_PORTS, [
      { on: "local", field: "daddr" },
      ...(context.confined ? onNodePortAddresses(context) : []),
      ...notLoopback(context),
    ]),
    nodePorts(context, tables.SERVICE_NODE_PORTS),
  ];
}

function notLoopback({ family, loopback }: ProxyContext): Match[] {
  return loopback && family === "ip" ? [] : [{ on: "address", field: "daddr", within: [LOOPBACK[family]], not: true }];
}

function nodePorts(context: ProxyContext, map: string): Rule {
  const matches: Match[] = [{ on: "local", field: "daddr" }, ...onNodePortAddresses(context), ...notLoopback(context)];
  return lookUp(tables.BY_PORT, map, matches);
}

function onNodePortAddresses({ family, nodePortAddresses }: ProxyContext): Match[] {
  const within = blocksOf(family, nodePortAddresses);
  return within.length > 0 ? [{ on: "address", field: "daddr", within }] : [];
}

/**
 * TCP is answered by a reset, where upstream has an ICMP message for all: of that one, a client on this node that waits
 * in connect(2) takes no notice before it has sent its packet once more, a second later.
 */
function rejection(): Rule[] {
  return [rule([{ on: "protocol", protocol: "tcp" }], { type: "reject", by: "reset" }), rule([], { type: "reject" })];
}

/** What comes here is for a ClusterIP, but for no port that its Service has; or for no Service at all. */
function clusterIpRules({ family, serviceCidrs }: ProxyContext): Rule[] {
  const within = blocksOf(family, serviceCidrs);
  return [
    rule([{ on: "set", key: tables.BY_DESTINATION, set: tables.CLUSTER_IPS }], {
      type: "goto",
      chain: tables.REJECT_CHAIN,
    }),
    ...(within.length > 0 ? [rule([{ on: "address", field: "daddr", within }], { type: "drop" })] : []),
  ];
}

function masqueradingRules(context: ProxyContext): Rule[] {
  const { family, podCidrs, clusterCidrs } = context;
  const mark = masqueradeMark(context);
  const pods = blocksOf(family, podCidrs);
  const inside = blocksOf(family, [...clusterCidrs, ...pods, MULTICAST[family]]);
  return [
    rule([{ on: "mark", mark }], { type: "unmark", mark }, { type: "masquerade" }),
    // A pod that reached itself would see its own address as the client's, and answer itself.
    rule([{ on: "dnat" }, { on: "set", key: tables.BY_HAIRPIN, set: tables.HAIRPIN }], { type: "masquerade" }),
    // No machine outside has a route to a pod.
    ...(pods.length > 0
      ? [
          rule(
            [
              { on: "address", field: "saddr", within: pods },
              { on: "address", field: "daddr", within: inside, not: true },
            ],
            { type: "masquerade" },
          ),
        ]
      : []),
  ];
}

/**
 * Loopback addresses are routed on the bridge, for node ports there; pods must not get at the node's own loopback
 * by that (CVE-2020-8558).
 */
function loopbackGuard({ family, loopback, bridge }: ProxyContext): Rule[] {
  if (!loopback || family !== "ip") return [];
  const inward: Match = { on: "input-interface", name: bridge };
  return (["daddr", "saddr"] as const).map((field) =>
    rule([inward, { on: "address", field, within: [LOOPBACK.ip] }], { type: "drop" }),
  );
}

function movedFlows(): Chain[] {
  const zones = rule([{ on: "protocol", protocol: "udp" }], { type: "zone-of-flow", map: tables.MOVED });
  return [
    { name: "raw-prerouting", hook: { type: "filter", hook: "prerouting", priority: RAW }, rules: [zones] },
    { name: "raw-output", hook: { type: "filter", hook: "output", priority: RAW }, rules: [zones] },
    {
      name: "gone-endpoints-check",
      rules: [
        rule(
          [
            { on: "protocol", protocol: "udp" },
            { on: "original" },
            { on: "dnat" },
            { on: "set", key: tables.BY_ENDPOINT, set: tables.GONE },
          ],
          { type: "move-flow", map: tables.MOVED },
          { type: "drop" },
        ),
      ],
    },
  ];
}
