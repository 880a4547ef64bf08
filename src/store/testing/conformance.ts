import { suite, test } from "node:test";
import { commitBehaviours } from "./commits.ts";
import type { Behaviour, OpenStore } from "./suite.ts";
import { historyBehaviours } from "./history.ts";
import { lifecycleBehaviours } from "./lifecycle.ts";
import { modelBehaviours } from "./model.ts";
import { readBehaviours } from "./reads.ts";
import { watchBehaviours } from "./watches.ts";

/**
 * Registers the numbered behaviours that every engine has, as tests: C commits, R reads, W watches, H history,
 * L opening and closing, M against a model.
 *
 * @param open makes an empty store for one test
 * @param modelRuns how many random sequences are compared with the model
 */
export function storeConformance(engine: string, open: OpenStore, modelRuns = 100): void {
  suite(`${engine} store`, () => {
    const behaviour: Behaviour = (title, run, options) => {
      test(title, { timeout: 120_000 }, async (t) => {
        const context = await open(options);
        try {
          if ((await run(context.store, context)) === "skip") t.skip("nothing outlives a store of this engine");
        } finally {
          await context.dispose();
        }
      });
    };
    commitBehaviours(behaviour);
    readBehaviours(behaviour);
    watchBehaviours(behaviour);
    historyBehaviours(behaviour);
    lifecycleBehaviours(behaviour);
    modelBehaviours(behaviour, open, modelRuns);
  });
}
