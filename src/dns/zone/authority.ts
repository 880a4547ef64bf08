import type { Answer, SoaAnswer, StringAnswer } from "dns-packet";
import { parseIp } from "#objects";
import { DNS_SERVICE } from "../service/names.ts";
import { hostnameOf, isHeadless } from "./targets.ts";
import { isReady, type DnsView } from "./view.ts";

/** Seconds that a negative answer may be kept. */
const NEGATIVE_TTL = 30;

/** The start of authority, with the zone's name in the case that it was asked with. */
export const soa = (zone: string, { serial }: DnsView): SoaAnswer => ({
  name: zone,
  type: "SOA",
  class: "IN",
  ttl: NEGATIVE_TTL,
  data: {
    mname: `ns.dns.${zone}`,
    rname: `hostmaster.${zone}`,
    serial,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: NEGATIVE_TTL,
  },
});

/** The names of the zone's servers and their addresses: the Service kube-dns, or without it where we listen. */
export function nameServers(
  zone: string,
  view: DnsView,
): { readonly names: readonly Answer[]; readonly addresses: readonly StringAnswer[] } {
  const found = serviceAddresses(view);
  const servers =
    found.length > 0
      ? found.map(({ name, address }) => ({ name: `${name}.${zone}`, address }))
      : view.localAddresses.map((address) => ({ name: `ns.dns.${zone}`, address }));
  const names = new Set(servers.map(({ name }) => name));
  return {
    names: [...names].map((data) => ({ name: zone, type: "NS", class: "IN", ttl: NEGATIVE_TTL, data })),
    addresses: servers.map(({ name, address }) => ({
      name,
      type: parseIp(address)?.family === 6 ? "AAAA" : "A",
      class: "IN",
      ttl: NEGATIVE_TTL,
      data: address,
    })),
  };
}

function serviceAddresses(view: DnsView): { name: string; address: string }[] {
  const { namespace, name } = DNS_SERVICE;
  const service = view.service(namespace, name);
  if (!service) return [];
  const host = `${name}.${namespace}.svc`;
  if (!isHeadless(service)) return (service.spec?.clusterIPs ?? []).map((address) => ({ name: host, address }));
  return view
    .slices(namespace, name)
    .flatMap(({ endpoints = [] }) => endpoints)
    .filter(isReady)
    .flatMap((endpoint) =>
      endpoint.addresses.map((address) => ({ name: `${hostnameOf(endpoint, address)}.${host}`, address })),
    );
}
