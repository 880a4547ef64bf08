import type { Step } from "../stage.ts";
import { daemons } from "./daemons.ts";
import { jobs } from "./jobs.ts";
import { pets } from "./pets.ts";
import { scaling } from "./scaling.ts";
import { storage } from "./storage.ts";

/** What can be told instead of the life of a Deployment, by its name on the command line. */
export const CHAPTERS: ReadonlyMap<string, readonly Step[]> = new Map([
  ["pets", pets],
  ["daemons", daemons],
  ["jobs", jobs],
  ["storage", storage],
  ["scaling", scaling],
]);
