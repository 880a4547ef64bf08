import type { ResourceDefinition } from "../../definition.ts";
import { cronJobs } from "./cron-job.ts";
import { jobs } from "./job.ts";

export const BATCH_KINDS: readonly ResourceDefinition[] = [cronJobs, jobs];
