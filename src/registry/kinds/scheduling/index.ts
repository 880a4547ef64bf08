import type { ResourceDefinition } from "../../definition.ts";
import { podGroups } from "./pod-group.ts";
import { priorityClasses } from "./priority-class.ts";
import { workloads } from "./workload.ts";

export const SCHEDULING_KINDS: readonly ResourceDefinition[] = [podGroups, priorityClasses, workloads];
