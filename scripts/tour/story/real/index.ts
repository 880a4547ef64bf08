import type { Step } from "../../stage.ts";
import { deploy, whereTheyRun } from "../deploy.ts";
import { failure, rollBack } from "../failure.ts";
import { heal } from "../heal.ts";
import { describe, scale } from "../scale.ts";
import { race, recreate } from "../strategies.ts";
import { history, update } from "../update.ts";
import { configuration } from "./configuration.ts";
import { lookInside } from "./look-inside.ts";
import { privateImage, type PrivateRegistry } from "./private-image.ts";
import { inside, services } from "./services.ts";
import { sideCar } from "./side-car.ts";

/** The story of simulated Pods, and what only real ones can tell. */
export const realStory = (registry: PrivateRegistry): readonly Step[] => [
  deploy,
  whereTheyRun,
  services,
  inside,
  lookInside,
  heal,
  update,
  history,
  race,
  recreate,
  failure,
  rollBack,
  scale,
  describe,
  sideCar,
  configuration,
  privateImage(registry),
];
