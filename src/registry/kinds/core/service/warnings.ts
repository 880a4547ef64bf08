import type { Service } from "#objects";
import { cidrWarnings, ipWarnings } from "../../common/ip-warnings.ts";

const HINTS = "service.kubernetes.io/topology-aware-hints";
const MODE = "service.kubernetes.io/topology-mode";

/** GetWarningsForService */
export function warnings({ metadata, spec = {} }: Service): string[] {
  const texts: string[] = [];
  const headless = spec.type === "ClusterIP" && spec.clusterIP === "None";
  const external = (spec.externalIPs?.length ?? 0) > 0;
  if (metadata.annotations?.[HINTS] !== undefined) {
    texts.push(`annotation ${HINTS} is deprecated, please use ${MODE} instead`);
  }
  if (spec.clusterIP && !headless) {
    texts.push(...(spec.clusterIPs ?? []).flatMap((ip, i) => ipWarnings(ip, `spec.clusterIPs[${i}]`)));
  }
  if (headless) {
    if (spec.loadBalancerIP) texts.push("spec.loadBalancerIP is ignored for headless services");
    if (external) texts.push("spec.externalIPs is ignored for headless services");
    if (spec.sessionAffinity !== "None") texts.push("spec.SessionAffinity is ignored for headless services");
  }
  texts.push(...(spec.externalIPs ?? []).flatMap((ip, i) => ipWarnings(ip, `spec.externalIPs[${i}]`)));
  if (spec.loadBalancerIP) texts.push(...ipWarnings(spec.loadBalancerIP, "spec.loadBalancerIP"));
  texts.push(
    ...(spec.loadBalancerSourceRanges ?? []).flatMap((range, i) =>
      cidrWarnings(range.trim(), `spec.loadBalancerSourceRanges[${i}]`),
    ),
  );
  if (external && !headless && spec.type !== "ExternalName") {
    texts.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  }
  if (spec.type === "ExternalName" && external) {
    texts.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (spec.type !== "ExternalName" && spec.externalName) {
    texts.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (spec.trafficDistribution === "PreferClose") {
    texts.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return texts;
}
