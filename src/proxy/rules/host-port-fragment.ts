import { formatIp, isPodTerminal, isSidecar, parseIp, type Pod } from "#objects";
import { addressesOf, LOOPBACK } from "./addresses.ts";
import { masqueradeMark, type ProxyContext } from "./context.ts";
import { goto, keyText, NO_FRAGMENT, rule, type Chain, type Element, type Fragment, type Protocol } from "./model.ts";
import { hostPortName } from "./names.ts";
import { HAIRPIN, HOST_PORTS, HOST_PORTS_ON_ADDRESS, UDP_ENDPOINTS } from "./tables.ts";

const PROTOCOLS: Readonly<Record<string, Protocol>> = { TCP: "tcp", UDP: "udp", SCTP: "sctp" };

/** What the table has on account of the host ports of a Pod of this node: nothing before the Pod has an address. */
export function hostPortFragment(pod: Pod, context: ProxyContext): Fragment {
  const { spec, status, metadata } = pod;
  const ips = [...(status?.podIPs ?? []).map(({ ip }) => ip), status?.podIP ?? ""];
  const [ip] = addressesOf(context.family, ips);
  if (!spec || spec.hostNetwork || ip === undefined || isPodTerminal(pod)) return NO_FRAGMENT;
  const chains: Chain[] = [];
  const elements: Element[] = [];
  const containers = [...(spec.initContainers?.filter(isSidecar) ?? []), ...spec.containers];
  for (const { hostPort, hostIP, containerPort, protocol: written } of containers.flatMap(({ ports = [] }) => ports)) {
    const protocol = PROTOCOLS[written ?? "TCP"];
    if (!hostPort || !protocol) continue;
    const address = parseIp(hostIP || (context.family === "ip" ? "0.0.0.0" : "::"));
    if (!address || (address.family === 4) !== (context.family === "ip")) continue;
    const on = address.bits === 0n ? "" : formatIp(address);
    const name = hostPortName(
      metadata.namespace ?? "",
      metadata.name ?? "",
      metadata.uid ?? "",
      protocol,
      on,
      hostPort,
    );
    chains.push({
      name,
      rules: [
        // Nothing can be sent back to a loopback address over a network.
        rule([{ on: "address", field: "saddr", within: [LOOPBACK[context.family]] }], {
          type: "mark",
          mark: masqueradeMark(context),
        }),
        rule([], { type: "dnat", protocol, to: { ip, port: containerPort } }),
      ],
    });
    elements.push(
      on === ""
        ? { of: HOST_PORTS, key: keyText(protocol, hostPort), verdict: goto(name) }
        : { of: HOST_PORTS_ON_ADDRESS, key: keyText(on, protocol, hostPort), verdict: goto(name) },
      { of: HAIRPIN, key: keyText(ip, ip, protocol, containerPort) },
    );
    if (protocol === "udp") elements.push({ of: UDP_ENDPOINTS, key: keyText(ip, containerPort) });
  }
  return { chains, sets: [], elements };
}
