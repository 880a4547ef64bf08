import type { ResourceDefinition } from "../../definition.ts";
import { ingressClasses } from "./ingress-class.ts";
import { ingresses } from "./ingress.ts";
import { ipAddresses } from "./ip-address.ts";
import { networkPolicies } from "./network-policy.ts";
import { serviceCidrs } from "./service-cidr.ts";

export const NETWORKING_KINDS: readonly ResourceDefinition[] = [
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCidrs,
];
