import type { ResourceDefinition } from "../../definition.ts";
import { horizontalPodAutoscalers } from "./horizontal-pod-autoscaler.ts";

export const AUTOSCALING_KINDS: readonly ResourceDefinition[] = [horizontalPodAutoscalers];
