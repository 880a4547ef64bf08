export { openPodCgroups, type PodCgroups } from "./pod-cgroups.ts";
