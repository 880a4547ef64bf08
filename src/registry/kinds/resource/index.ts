import type { ResourceDefinition } from "../../definition.ts";
import { deviceClasses } from "./device-class.ts";
import { deviceTaintRules } from "./device-taint-rule.ts";
import { resourceClaims } from "./resource-claim.ts";
import { resourceClaimTemplates } from "./resource-claim-template.ts";
import { resourcePoolStatusRequests } from "./resource-pool-status-request.ts";
import { resourceSlices } from "./resource-slice.ts";

export const RESOURCE_KINDS: readonly ResourceDefinition[] = [
  deviceClasses,
  deviceTaintRules,
  resourceClaims,
  resourceClaimTemplates,
  resourcePoolStatusRequests,
  resourceSlices,
];
