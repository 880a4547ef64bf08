export { openPodCgroups, type PodCgroups, type PodCgroupsOptions } from "./pod-cgroups.ts";
