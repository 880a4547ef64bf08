import { createRandom, createVirtualClock } from "#base";
import { clientConformance } from "#client/testing";
import { CONFIG_MAPS } from "#objects";
import { createFakeClient } from "./fake-client.ts";
import { NotInTestDouble } from "./not-in-test-double.ts";

const RULES = "it has no rules of kinds";

clientConformance(
  "test double's",
  async () => {
    const clock = createVirtualClock();
    const client = createFakeClient({ clock, random: createRandom(1), served: [CONFIG_MAPS] });
    return {
      client,
      get stranger(): never {
        throw new NotInTestDouble("authorization");
      },
      get serveWidgets(): never {
        throw new NotInTestDouble("change of what is served");
      },
      clock,
      async forget() {
        client.breakWatches({ forget: true });
      },
      async dispose() {},
    };
  },
  {
    refused: ["R4", "R5", "R8", "R9", "R10", "R11", "R12", "C6", "C8", "P7", "P8", "P9", "S1", "S2", "S4", "D10", "X5"],
    lacking: {
      X1: "it shows what a test says is served",
      X2: "it shows what a test says is served",
      X3: "it shows what a test says is served",

      C3: RULES,
      C4: RULES,
      C13: RULES,
      C12: RULES,
      S3: RULES,
      D2: RULES,
      W9: "it sends no bookmarks between events",
    },
  },
);
