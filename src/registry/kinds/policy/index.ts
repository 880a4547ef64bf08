import type { ResourceDefinition } from "../../definition.ts";
import { podDisruptionBudgets } from "./pod-disruption-budget.ts";

export const POLICY_KINDS: readonly ResourceDefinition[] = [podDisruptionBudgets];
