import type { Draft, Service } from "#objects";
import { isExternallyAccessible } from "./rules.ts";

const CLIENT_IP_TIMEOUT_SECONDS = 10_800;

function applySessionAffinity(spec: NonNullable<Draft<Service>["spec"]>): void {
  spec.sessionAffinity ||= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: CLIENT_IP_TIMEOUT_SECONDS } };
  }
}

/** core/v1 SetDefaults_Service */
export function applyDefaults(draft: Draft<Service>): void {
  const spec = (draft.spec ??= {});
  applySessionAffinity(spec);
  spec.type ||= "ClusterIP";
  for (const port of spec.ports ?? []) {
    port.protocol ||= "TCP";
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
    if (port.nodePort === 0) delete port.nodePort;
  }
  if (isExternallyAccessible(draft)) spec.externalTrafficPolicy ||= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  const status = (draft.status ??= {});
  const balancer = (status.loadBalancer ??= {});
  if (spec.type === "LoadBalancer") {
    spec.allocateLoadBalancerNodePorts ??= true;
    for (const ingress of balancer.ingress ?? []) if (ingress.ip) ingress.ipMode ??= "VIP";
  }
}
