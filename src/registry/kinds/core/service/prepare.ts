import { sameJson, type Draft, type Service, type ServicePort } from "#objects";
import { isExternallyAccessible, needsClusterIp, needsHealthCheckNodePort, needsNodePort, NONE } from "./rules.ts";
import type { Family } from "./options.ts";
import { familyOf } from "./options.ts";

type Spec = NonNullable<Draft<Service>["spec"]>;

/**
 * Clears what the new type has no use for, where the client left it as it was (upstream dropTypeDependentFields):
 * so changing `type` alone works. What the client changed too stays, for validation to refuse.
 */
function dropTypeDependentFields(draft: Draft<Service>, spec: Spec, old: Service): void {
  const before = old.spec ?? {};
  if (needsClusterIp(old) && !needsClusterIp(draft)) {
    if (spec.clusterIP === before.clusterIP && sameJson(spec.clusterIPs, before.clusterIPs)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (sameJson(spec.ipFamilies, before.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === before.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (needsNodePort(old) && !needsNodePort(draft)) {
    const known = new Set(before.ports?.map(({ nodePort }) => nodePort));
    const ports = spec.ports ?? [];
    if (ports.every(({ nodePort }) => !nodePort || known.has(nodePort))) for (const port of ports) delete port.nodePort;
  }
  if (needsHealthCheckNodePort(old) && !needsHealthCheckNodePort(draft)) {
    if (spec.healthCheckNodePort === before.healthCheckNodePort) delete spec.healthCheckNodePort;
  }
  if (before.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts) {
      delete spec.allocateLoadBalancerNodePorts;
    }
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(draft)) {
    if (spec.externalTrafficPolicy === before.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  }
  if (spec.type !== "LoadBalancer") draft.status = { ...draft.status, loadBalancer: {} };
}

/** Keeps what was allocated where a client replaces the object without it (upstream patchAllocatedValues). */
function keepAllocated(draft: Draft<Service>, spec: Spec, old: Service): void {
  const before = old.spec ?? {};
  if (needsClusterIp(old) && needsClusterIp(draft)) {
    if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === before.clusterIP && before.clusterIPs) {
      spec.clusterIPs = [...before.clusterIPs];
    }
  }
  if (needsNodePort(old) && needsNodePort(draft)) {
    const used = new Set(spec.ports?.map(({ nodePort }) => nodePort));
    const keyOf = ({ port, protocol }: Pick<ServicePort, "port" | "protocol">) => `${port}/${protocol}`;
    // The first of each key counts.
    const olds = new Map(before.ports?.toReversed().map((port) => [keyOf(port), port]));
    for (const port of spec.ports ?? []) {
      if (port.nodePort) continue;
      const same = olds.get(keyOf(port));
      if (!same?.nodePort || used.has(same.nodePort)) continue;
      port.nodePort = same.nodePort;
      used.add(same.nodePort);
    }
  }
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(draft) && before.healthCheckNodePort) {
    spec.healthCheckNodePort ||= before.healthCheckNodePort;
  }
}

/** clusterIP and the first of clusterIPs are one thing: whichever the client changed wins (upstream normalizeClusterIPs). */
function normalizeClusterIps(spec: Spec, old: Service | undefined): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = old.spec ?? {};
  const changed = (spec.clusterIP ?? "") !== (before.clusterIP ?? "");
  if (!changed || !sameJson(spec.clusterIPs, before.clusterIPs)) return;
  if (!spec.clusterIP) delete spec.clusterIPs;
  else spec.clusterIPs = [spec.clusterIP, ...(spec.clusterIPs ?? []).slice(1)];
}

/** A PreferDualStack Service is not upgraded or downgraded unless the client asks for it. */
function leavesFamiliesAlone(spec: Spec, old: Service): boolean {
  const before = old.spec ?? {};
  return (
    spec.ipFamilyPolicy === "PreferDualStack" &&
    before.ipFamilyPolicy === "PreferDualStack" &&
    spec.clusterIP === before.clusterIP &&
    sameJson(spec.clusterIPs, before.clusterIPs) &&
    sameJson(spec.ipFamilies, before.ipFamilies) &&
    spec.type === before.type
  );
}

const OTHER: Readonly<Record<string, Family>> = { IPv4: "IPv6", IPv6: "IPv4" };

/** Fills in ipFamilyPolicy and ipFamilies as the cluster's service networks have them (upstream initIPFamilyFields). */
function applyFamilies(draft: Draft<Service>, spec: Spec, old: Service | undefined, families: readonly Family[]): void {
  if (!needsClusterIp(draft) || (old && leavesFamiliesAlone(spec, old))) return;
  const headlessWithoutSelector = spec.clusterIP === NONE && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec?.ipFamilyPolicy ?? (headlessWithoutSelector ? "RequireDualStack" : "SingleStack");
  const single = spec.ipFamilyPolicy === "SingleStack";
  if (old && single) {
    if (sameJson(spec.clusterIPs, old.spec?.clusterIPs)) spec.clusterIPs &&= spec.clusterIPs.slice(0, 1);
    if (sameJson(spec.ipFamilies, old.spec?.ipFamilies)) spec.ipFamilies &&= spec.ipFamilies.slice(0, 1);
  }
  const own: string[] = [...(spec.ipFamilies ?? [])];
  for (const ip of (spec.clusterIPs ?? []).slice(own.length)) {
    const family = familyOf(ip);
    if (!family || !families.includes(family)) break;
    own.push(family);
  }
  if (own.length === 0) own.push(families[0]!);
  const other = OTHER[own[0]!];
  const dual = headlessWithoutSelector || families.length === 2;
  if (own.length === 1 && !single && dual && other) own.push(other);
  spec.ipFamilies = own;
}

export function prepareForCreate(draft: Draft<Service>, families: readonly Family[]): void {
  const spec = (draft.spec ??= {});
  draft.status = { loadBalancer: {} };
  normalizeClusterIps(spec, undefined);
  applyFamilies(draft, spec, undefined, families);
}

export function prepareForUpdate(draft: Draft<Service>, old: Service, families: readonly Family[]): void {
  const spec = (draft.spec ??= {});
  draft.status = { ...old.status } as Draft<Service>["status"] & object;
  dropTypeDependentFields(draft, spec, old);
  keepAllocated(draft, spec, old);
  normalizeClusterIps(spec, old);
  applyFamilies(draft, spec, old, families);
}
