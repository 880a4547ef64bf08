/** What pods, claims, volumes and their classes have to do with each other. */
export { matchingKey, VolumePool, type MatchOptions } from "./pool.ts";
export * from "./volumes.ts";
