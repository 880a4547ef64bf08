import type { Step } from "../stage.ts";
import { deploy, whereTheyRun } from "./deploy.ts";
import { failure, rollBack } from "./failure.ts";
import { heal } from "./heal.ts";
import { describe, scale } from "./scale.ts";
import { race, recreate } from "./strategies.ts";
import { history, update } from "./update.ts";

/** The tour, in order; each step goes on from what the one before it left. */
export const STORY: readonly Step[] = [
  deploy,
  whereTheyRun,
  heal,
  update,
  history,
  race,
  recreate,
  failure,
  rollBack,
  scale,
  describe,
];
