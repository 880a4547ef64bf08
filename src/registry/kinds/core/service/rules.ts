import type { Service } from "#objects";

type Spec = NonNullable<Service["spec"]>;
/** The part of a Service, or of a draft of one, that the rules look at. */
type Has<Field extends keyof Spec> = { readonly spec?: Pick<Spec, Field> };

export const NONE = "None";

export const isHeadless = ({ spec }: Has<"clusterIPs">): boolean =>
  spec?.clusterIPs?.length === 1 && spec.clusterIPs[0] === NONE;

export const needsClusterIp = ({ spec }: Has<"type">): boolean => spec?.type !== "ExternalName";

export const needsNodePort = ({ spec }: Has<"type">): boolean =>
  spec?.type === "NodePort" || spec?.type === "LoadBalancer";

export const needsHealthCheckNodePort = ({ spec }: Has<"type" | "externalTrafficPolicy">): boolean =>
  spec?.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

/** Whether traffic from outside may come in, so that externalTrafficPolicy means something. */
export const isExternallyAccessible = ({ spec }: Has<"type" | "externalIPs">): boolean =>
  needsNodePort({ spec } as Has<"type">) || (spec?.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);

export const allocatesNodePorts = ({ spec }: Has<"type" | "allocateLoadBalancerNodePorts">): boolean =>
  spec?.type === "NodePort" || (spec?.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
