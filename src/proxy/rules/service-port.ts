import type { Service } from "#objects";
import { addressesOf, blocksOf } from "./addresses.ts";
import { portKey } from "./endpoints.ts";
import type { Family, Protocol } from "./model.ts";

/** One port of a Service, with what of the Service its rules depend on, in one address family. */
export interface ProxyServicePort {
  readonly namespace: string;
  readonly service: string;
  readonly portName: string;
  /** See portKey. */
  readonly key: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly clusterIp: string;
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  /** Which clients may come by way of a load balancer; empty: all. */
  readonly sourceRanges: readonly string[];
  /** 0: none. */
  readonly nodePort: number;
  /** How long a client stays with its endpoint; undefined: it does not. */
  readonly affinitySeconds: number | undefined;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = { TCP: "tcp", UDP: "udp", SCTP: "sctp" };

/** Labels that keep a Service or slice from this proxy. */
const PROXY_NAME = "service.kubernetes.io/service-proxy-name";
const HEADLESS = "service.kubernetes.io/headless";

/** Whether the Service is this proxy's business: it has an address, and no other proxy is named. */
export function isProxied({ metadata, spec }: Service): boolean {
  if (metadata.labels?.[PROXY_NAME] !== undefined || metadata.labels?.[HEADLESS] !== undefined) return false;
  return Boolean(spec?.clusterIP) && spec?.clusterIP !== "None" && spec?.type !== "ExternalName";
}

export const isExternal = (port: ProxyServicePort): boolean =>
  port.nodePort > 0 || port.loadBalancerIps.length > 0 || port.externalIps.length > 0;

/** Policy Local for what comes from outside still needs all endpoints: for what comes from the node and its pods. */
export const usesCluster = (port: ProxyServicePort): boolean => !port.internalLocal || isExternal(port);
export const usesLocal = (port: ProxyServicePort): boolean =>
  port.internalLocal || (port.externalLocal && isExternal(port));

/** The ports of a Service that this proxy serves, in one address family (upstream pkg/proxy/serviceport.go). */
export function servicePorts(service: Service, family: Family): readonly ProxyServicePort[] {
  const { metadata, spec, status } = service;
  if (!spec || !isProxied(service)) return [];
  const all = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? ""];
  const [clusterIp] = addressesOf(family, all);
  if (clusterIp === undefined) return [];
  const ingress = status?.loadBalancer?.ingress ?? [];
  const vips = ingress.flatMap(({ ip, ipMode }) => (ip && (ipMode ?? "VIP") === "VIP" ? [ip] : []));
  const sourceRanges = blocksOf(family, spec.loadBalancerSourceRanges);
  return (spec.ports ?? []).flatMap((port) => {
    const protocol = PROTOCOLS[port.protocol ?? "TCP"];
    if (!protocol) return [];
    return {
      namespace: metadata.namespace ?? "",
      service: metadata.name ?? "",
      portName: port.name ?? "",
      key: portKey(port.name, port.protocol),
      protocol,
      port: port.port,
      clusterIp,
      externalIps: unique(addressesOf(family, spec.externalIPs)),
      loadBalancerIps: unique(addressesOf(family, vips)),
      sourceRanges: sourceRanges.some((block) => block.endsWith("/0")) ? [] : sourceRanges,
      nodePort: port.nodePort ?? 0,
      affinitySeconds:
        spec.sessionAffinity === "ClientIP"
          ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS)
          : undefined,
      internalLocal: spec.internalTrafficPolicy === "Local",
      externalLocal: spec.externalTrafficPolicy === "Local",
    };
  });
}

const DEFAULT_AFFINITY_SECONDS = 10_800;

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

/** The port on which a load balancer may ask whether this node has endpoints of the Service (0: none). */
export function healthCheckPort(service: Service): number {
  const { spec } = service;
  const asked = isProxied(service) && spec?.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
  return (asked && spec?.healthCheckNodePort) || 0;
}
